// hv check names the board that it runs on, and compares it with the board's file.

import {expect, test} from 'vitest'
import {checkCapture} from './arm64/captured-host.ts'
import {check, find, folderOf, NO_FLAGS} from './fake-host.ts'

/** Each board, and the capture of its emulation. */
test.each([
  ['rpi4', 'a72-gic2'],
  ['rpi5', 'a76-gic2'],
  ['graviton1', 'a72'],
  ['graviton2', 'neoverse-n1'],
  ['graviton3', 'neoverse-v1'],
  ['ampere-altra', 'neoverse-n1'],
  ['virt', 'a76'],
])('the emulation of %s is as its file expects', async (board, capture) => {
  const finding = find(await checkCapture(capture, {board}), 'board')
  expect(finding).toMatchObject({
    status: 'ok',
    evidence: expect.stringMatching(/^asked for; device tree: linux,dummy-virt/),
  })
})

test('the emulation of the Raspberry Pi 3 differs in the GIC that the board does not have', async () => {
  const finding = find(await checkCapture('a53-gic2', {board: 'rpi3'}), 'board')
  expect(finding).toMatchObject({
    status: 'warn',
    detail: 'Raspberry Pi 3 and Compute Module 3, but expect.vgic is v2, not none (boards/rpi3.json).',
  })
})

test('a Raspberry Pi is recognised by its device tree', async () => {
  const files = {
    '/proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
    '/proc/device-tree/compatible': 'raspberrypi,4-model-b\0brcm,bcm2711\0',
  }
  const report = await checkCapture('a72-gic2', {files})
  expect(report.board).toBe('rpi4')
  expect(find(report, 'board')).toMatchObject({
    status: 'ok',
    evidence: expect.stringContaining(
      'recognised by compatible brcm,bcm2711; device tree: Raspberry Pi 4 Model B',
    ),
  })
})

test('an x86_64 machine and a PVM host are told apart', async () => {
  expect((await check()).board).toBe('x86_64-server')
  const files = {'/proc/cpuinfo': NO_FLAGS, '/sys/module/kvm_pvm/': ''}
  expect((await check({files})).board).toBe('pvm-host')
})

test('a board without KVM gets the fix of its file', async () => {
  const files = {
    '/sys/class/dmi/id/sys_vendor': 'Amazon EC2\n',
    '/sys/class/dmi/id/product_name': 'c7g.large\n',
  }
  const finding = find(await checkCapture('a76-el1', {files}), 'board')
  expect(finding).toMatchObject({
    status: 'warn',
    detail: expect.stringContaining('expect.modes is el1, not vhe'),
    fix: expect.stringContaining('c7g.metal'),
  })
})

test('a machine without a file is told so', async () => {
  const files = {'/proc/device-tree/compatible': 'acme,board\0', '/proc/device-tree/model': 'Acme\0'}
  const report = await checkCapture('a76', {files})
  expect(report).toMatchObject({board: null, usable: true})
  expect(find(report, 'board').status).toBe('info')
})

test('a wrong board file is a warning that names the field, and does not stop the check', async () => {
  const folder = folderOf({'/boards/a.json': '{"name": 5}'})
  const report = await check({boards: `${folder}/boards`})
  expect(report.usable).toBe(true)
  expect(find(report, 'board')).toMatchObject({
    status: 'warn',
    detail: expect.stringMatching(/^boards\/a\.json: name: expected a name /),
  })
})

test('a board that was named and does not exist is an error', async () => {
  await expect(check({board: 'rpi9'})).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
})
