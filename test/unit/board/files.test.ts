// The files of boards/: each is valid, recognises its board, and agrees with what hv knows about its cores.

import {describe, expect, test} from 'vitest'
import {detectBoard, type HostFiles} from '../../../src/board/detect.ts'
import {loadBoards} from '../../../src/board/load.ts'
import type {Rule} from '../../../src/board/schema.ts'
import {knownCore} from '../../../src/check/arm64/midr.ts'
import {ALL_MODES} from '../../../src/check/arm64/modes.ts'

const WANTED =
  'ampere-altra apple-m1 graviton1 graviton2 graviton3 graviton4 orion-o6 pvm-host rock5 rpi3 rpi4 rpi5 virt x86_64-server'
const MODES = {arm64: ALL_MODES as string[], x86_64: ['vmx', 'svm', 'pvm']}
const boards = loadBoards()

/** A host that identifies itself as the rule expects. */
function hostOf(rule: Rule): HostFiles {
  const files: Record<string, string | undefined> = {
    '/proc/device-tree/model': rule.model,
    '/proc/device-tree/compatible': rule.compatible,
    '/sys/class/dmi/id/sys_vendor': rule.vendor,
    '/sys/class/dmi/id/product_name': rule.product,
  }
  return {
    read: (path) => files[path]?.replace('*', 'anything') ?? null,
    hasModule: (name) => name === rule.module,
  }
}

test('every board that hv promises has a file', () => {
  expect(boards.map(({name}) => name).join(' ')).toBe(WANTED)
})

describe.each(boards)('$name', (board) => {
  test('is recognised by each of its rules', () => {
    for (const rule of board.recognise) {
      expect(detectBoard(hostOf(rule), board.architecture, boards)?.board.name).toBe(board.name)
    }
  })

  test('has a source for each field that is a fact', () => {
    const {name: _name, title, architecture, sources, expect: expected, ...facts} = board
    expect(Object.keys(sources).sort()).toEqual(Object.keys({...facts, ...expected}).sort())
  })

  test('has cores that hv knows by this name, and VHE if they have it', () => {
    for (const {name, implementer, part} of board.cores) {
      expect(knownCore(Number(implementer), Number(part))).toMatchObject({name, hasVhe: board.vhe})
    }
  })

  test('expects modes that hv check can find, and VHE where there is VHE', () => {
    for (const mode of board.expect.modes) expect(MODES[board.architecture]).toContain(mode)
    if (board.vhe !== null) expect(board.expect.modes.includes('vhe')).toBe(board.vhe)
  })

  test('is emulated with EL2 and with its own kind of GIC', () => {
    const machine = board.architecture === 'arm64' ? board.emulation?.machine : undefined
    if (machine === undefined) return
    expect(machine).toContain('virtualization=on')
    if (board.gic) expect(machine).toContain(`gic-version=${board.gic.slice(1)}`)
  })
})
