// Compares what was found with what a board's file expects.

import {expect, test} from 'vitest'
import {differences, type HostFacts} from '../../../src/board/compare.ts'
import {loadBoard} from '../../../src/board/load.ts'

const RPI4: HostFacts = {
  cores: [{name: 'Cortex-A72', implementer: '0x41', part: '0xd08'}],
  mode: 'nvhe',
  ipaBits: 44,
  vgic: ['v2'],
  pageSize: 4096,
}
const rpi4 = loadBoard('rpi4')

test('a board that is as expected has no differences', () => {
  expect(differences(rpi4, RPI4)).toEqual([])
})

test.each<[string, Partial<HostFacts>, string, string]>([
  ['expect.modes', {mode: 'el1'}, 'nvhe', 'el1'],
  ['expect.modes', {mode: null}, 'nvhe', 'unknown'],
  ['expect.ipaBits', {ipaBits: 40}, '44', '40'],
  ['expect.vgic', {vgic: ['v3']}, 'v2', 'v3'],
  ['expect.vgic', {vgic: []}, 'v2', 'none'],
  ['pageSizes', {pageSize: 16384}, '4096 or 65536', '16384'],
  ['cores', {cores: [{name: 'Cortex-A76', implementer: '0x41', part: '0xd0b'}]}, 'Cortex-A72', 'Cortex-A76'],
])('%s', (field, change, expected, found) => {
  expect(differences(rpi4, {...RPI4, ...change})).toEqual([{field, expected, found}])
})

test('what is not known is no difference, but for the mode', () => {
  const unknown = {cores: [], ipaBits: null, vgic: null, pageSize: null}
  expect(differences(rpi4, {...RPI4, ...unknown})).toEqual([])
})

test('what a board leaves open is no difference', () => {
  const cores = loadBoard('orion-o6').cores
  const orion: HostFacts = {cores, mode: 'vhe', ipaBits: 40, vgic: ['v3'], pageSize: 65536}
  expect(differences(loadBoard('orion-o6'), orion)).toEqual([])
  expect(differences(loadBoard('virt'), {...RPI4, ipaBits: 52, vgic: ['v3'], mode: 'hvhe'})).toEqual([])
})
