// The options of a ProgramMachine: devices as a Machine has them, addresses of cards, and what is a Sandbox's.

import {Duplex} from 'node:stream'
import {expect, test} from 'vitest'
import {
  type ProgramMachineOptions,
  toMachineSettings,
} from '../../../../../src/sandbox/owner/machine/machine-options.ts'

const settings = (more: object) =>
  toMachineSettings({kernel: 'vmlinuz', root: '/', ...more} as ProgramMachineOptions)

test('are devices, with host paths that are absolute', () => {
  const {disks, shares, kernel} = settings({
    disks: [{path: 'disk.img', readOnly: true, iops: 5}],
    shares: [{path: 'files', tag: 'tag', writable: true}],
  })
  const here = process.cwd()
  expect(kernel).toBe(`${here}/vmlinuz`)
  expect(disks).toEqual([{path: `${here}/disk.img`, readOnly: true, iops: 5}])
  expect(shares).toEqual([{path: `${here}/files`, tag: 'tag', writable: true}])
})

test('are cards in every form that a Machine takes, with an address each', () => {
  const stream = new Duplex()
  const {network, addresses} = settings({
    network: [stream, {stream, bytesPerSecond: 9}, {tap: 'hv-none', ip: '10.1.0.2/16', gateway: '10.1.0.1'}],
  })
  expect(network).toEqual([{stream}, {stream, bytesPerSecond: 9}, {tap: 'hv-none'}])
  expect(addresses).toEqual([
    {address: 0x0a00020f, prefix: 24, gateway: 0x0a000202},
    {address: 0x0a00030f, prefix: 24, gateway: 0x0a000302},
    {address: 0x0a010002, prefix: 16, gateway: 0x0a010001},
  ])
  expect(settings({network: stream}).network).toEqual([{stream}])
  expect(settings({}).network).toEqual([])
})

test('name a tree: one of three', () => {
  expect(settings({root: undefined, withLibraries: true}).withLibraries).toBe(true)
  expect(() => settings({root: undefined})).toThrow(/no tree/)
  expect(() => settings({withLibraries: true})).toThrow(/each says what the guest sees/)
})

test.each([
  [{pledge: 'stdio'}, /^`pledge` is for a Sandbox/],
  [{net: {}}, /^`net` is for a Sandbox/],
  [{maxTasks: 3}, /^`maxTasks` is for a Sandbox/],
  [{onSyscall: {}}, /^`onSyscall` is for a Sandbox/],
  [{initrd: '/initrd'}, /options has no initrd/],
  [{reboots: true}, /options has no reboots/],
  [{disks: ['/disk']}, /^disks\[0\] takes/],
  [{disks: [{path: '/disk', iops: 0}]}, /^disks\[0\].iops takes/],
  [{shares: [{path: '/'}]}, /^shares\[0\] has no tag/],
  [{network: {}}, /^network takes a Duplex/],
  [{network: {tap: 'tap0', ip: '10.0.0.1'}}, /^bad address "10.0.0.1"/],
  [{network: {tap: 'tap0', gateway: '10.0.0.1'}}, /^bad address ""/],
  [{network: {tap: 'tap0', ip: '10.0.0.2/24', gateway: '10.0.1.1'}}, /^bad gateway/],
  [{devices: [{}]}, /^devices\[0\] takes a virtio device/],
])('are no others: %j', (more, message) => {
  expect(() => settings(more)).toThrow(
    expect.objectContaining({code: 'BAD_ARGUMENT', message: expect.stringMatching(message)}),
  )
})
