// Which board a host is: the most specific rule that fits decides.

import {expect, test} from 'vitest'
import {detectBoard, type HostFiles, machineIdOf} from '../../../src/board/detect.ts'
import type {Board, Rule} from '../../../src/board/schema.ts'

function host(files: Record<string, string>, modules: string[] = []): HostFiles {
  return {read: (path) => files[path] ?? null, hasModule: (name) => modules.includes(name)}
}

function board(name: string, ...recognise: Rule[]): Board {
  return {name, architecture: 'arm64', recognise} as Board
}

const PI = host({
  '/proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
  '/proc/device-tree/compatible': 'raspberrypi,4-model-b\0brcm,bcm2711\0',
})
const EC2 = host({
  '/sys/class/dmi/id/sys_vendor': 'Amazon EC2\n',
  '/sys/class/dmi/id/product_name': 'c6g.metal\n',
})

test('a host names itself by its device tree or by DMI', () => {
  expect(machineIdOf(PI)).toEqual({
    model: 'Raspberry Pi 4 Model B Rev 1.4',
    compatible: ['raspberrypi,4-model-b', 'brcm,bcm2711'],
    vendor: undefined,
    product: undefined,
  })
  expect(machineIdOf(EC2)).toMatchObject({vendor: 'Amazon EC2', product: 'c6g.metal', compatible: []})
})

test('control characters in a name are shown, not obeyed', () => {
  expect(machineIdOf(host({'/proc/device-tree/model': 'a\x1b[2Jb\0'})).model).toBe('a\\x1b[2Jb')
})

test.each<[string, HostFiles, Rule, boolean]>([
  ['one of several compatible names', PI, {compatible: 'brcm,bcm2711'}, true],
  ['the beginning before a star', PI, {model: 'Raspberry Pi 4*'}, true],
  ['a part without a star', PI, {model: 'Raspberry Pi 4'}, false],
  ['all conditions of a rule', EC2, {vendor: 'Amazon EC2', product: 'c6g.*'}, true],
  ['a rule with one condition that does not fit', EC2, {vendor: 'Amazon EC2', product: 'c6gd.*'}, false],
  ['a name that the host does not have', PI, {vendor: '*'}, false],
  ['a module', host({}, ['kvm_pvm']), {module: 'kvm_pvm'}, true],
  ['no condition', PI, {}, true],
])('%s', (_, of, rule, fits) => {
  expect(detectBoard(of, 'arm64', [board('it', rule)])?.board.name).toBe(fits ? 'it' : undefined)
})

test('of several the one with the most conditions wins, in any order', () => {
  const boards = [
    board('any', {}),
    board('cloud', {vendor: 'Amazon EC2'}),
    board('this', {product: 'x'}, {vendor: 'Amazon EC2', product: 'c6g.*'}),
  ]
  for (const order of [boards, boards.toReversed()]) {
    const match = detectBoard(EC2, 'arm64', order)
    expect(match).toMatchObject({board: {name: 'this'}, rule: {product: 'c6g.*'}})
  }
})

test('a board of another architecture is none', () => {
  expect(detectBoard(PI, 'x86_64', [board('it', {})])).toBeUndefined()
})
