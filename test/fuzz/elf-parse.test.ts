// 10,000 mutants of three static programs through parser and loader: a sound plan or one line of refusal, nothing else.

import {execFileSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {beforeAll, expect, test} from 'vitest'
import {isBareMetal} from '../../src/elf/bare-metal.ts'
import {ElfError} from '../../src/elf/elf-error.ts'
import {parseElf} from '../../src/elf/parse.ts'
import {buildAuxv} from '../../src/loader/auxv.ts'
import {chooseLayout} from '../../src/loader/layout.ts'
import {MIN_ADDRESS, planSegments} from '../../src/loader/segments.ts'
import {buildStack} from '../../src/loader/stack.ts'
import {bytesReader} from '../helpers/bytes-reader.ts'
import {mutants} from '../helpers/mutate.ts'

const SEED = 20_261_125
const MUTANTS_EACH = 3334
const USER_TOP = 2 ** 47 - 4096
const programs = new Map<string, Uint8Array>()

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'hv-fuzz-'))
  const source = join(folder, 'main.c')
  writeFileSync(source, 'static int zeros[5000]; int main(int n, char **v) { return zeros[n] + v[0][0]; }\n')
  for (const kind of ['-static', '-static-pie']) {
    const program = join(folder, 'program')
    execFileSync('cc', ['-O1', kind, '-o', program, source])
    programs.set(kind, readFileSync(program))
  }
  programs.set('busybox', readFileSync('/bin/busybox'))
  rmSync(folder, {recursive: true})
})

test.each(['-static', '-static-pie', 'busybox'])('%s: no mutant causes an error of our own', (name) => {
  const outcomes = {loaded: 0, BAD_ELF: 0, NOT_EXECUTABLE: 0}
  for (const {index, description, bytes} of mutants(programs.get(name)!, SEED, MUTANTS_EACH)) {
    try {
      load(bytes)
      outcomes.loaded++
    } catch (error) {
      if (!(error instanceof ElfError)) {
        throw new Error(`mutant ${index} (${description}): ${error}`, {cause: error})
      }
      expect(`${error.message}; ${error.nextStep}`).toMatch(/^prog: [ -~]+; [ -~]+$/)
      expect(error.execErrno).toBeGreaterThan(0)
      outcomes[error.code as 'BAD_ELF' | 'NOT_EXECUTABLE']++
    }
  }
  // The mutations neither spare the file nor always break it at once.
  expect(outcomes.loaded).toBeGreaterThan(MUTANTS_EACH / 20)
  expect(outcomes.BAD_ELF).toBeGreaterThan(MUTANTS_EACH / 3)
  expect(outcomes.NOT_EXECUTABLE).toBeGreaterThan(MUTANTS_EACH / 50)
})

test('the same seed gives the same mutants', () => {
  const run = () => [...mutants(programs.get('-static')!, 7, 5)].map(({description}) => description)
  expect(run()).toEqual(run())
  expect(new Set(run()).size).toBe(5)
})

function load(bytes: Uint8Array): void {
  const image = parseElf(bytesReader(bytes), 'prog', 'x86_64')
  isBareMetal(image)
  const layout = chooseLayout({image, userTop: USER_TOP, stackLimit: 8 << 20, vdsoLength: 4096})
  for (const mapping of planSegments(image, layout.bias, USER_TOP)) {
    const {address, length, fileOffset, zeroFrom, protection, anonymous} = mapping
    for (const value of [address, length, fileOffset]) {
      if (!Number.isSafeInteger(value) || value % 4096 !== 0) throw new RangeError(`unaligned: ${value}`)
    }
    const inside = address >= MIN_ADDRESS && length > 0 && address + length <= layout.vvarAddress
    const inFile = anonymous || (fileOffset >= 0 && fileOffset < bytes.length)
    const zeros = zeroFrom >= address && zeroFrom <= address + length
    if (!inside || !inFile || !zeros || protection > 7) throw new RangeError(JSON.stringify(mapping))
  }
  const identity = {
    uid: 0,
    euid: 0,
    gid: 0,
    egid: 0,
    secure: false,
    hwcap: 0,
    hwcap2: 0,
    minSignalStack: 2048,
  }
  const auxv = buildAuxv({image, layout, ...identity})
  const strings = {argv: ['prog'], envp: ['A=1'], execfn: '/prog', platform: 'x86_64'}
  buildStack({...strings, auxv, random16: new Uint8Array(16), stackTop: layout.stackTop, stackLimit: 8 << 20})
}
