// arm64's registers, and the code that proves a platform.

import {execFileSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {arm64} from '../../../../src/arch/arm64/index.ts'
import {PC, PSTATE, SP, TPIDR, X0} from '../../../../src/arch/arm64/registers.ts'
import {ARM64_CC, canBuildArm64} from '../../../helpers/arm64.ts'
import {FakeContext} from './fake-context.ts'

test('a program starts in EL0 with its stack, and zeros in all other registers', () => {
  const registers = arm64.initialRegisters(0x40_0000, 0x7000_0000)
  expect(registers.length).toBe(arm64.registerCount)
  expect([registers[PC], registers[SP]]).toEqual([0x40_0000n, 0x7000_0000n])
  expect([registers[PSTATE], registers[TPIDR]]).toEqual([0n, 0n])
})

test('a call is made anew with the first argument that the result had replaced', () => {
  const {registers} = new FakeContext(0)
  registers[X0] = BigInt.asUintN(64, -4n)
  const before = registers.slice()
  arm64.restartCall(registers, 63, 0xffff_ffff_ffff_ff9cn)
  expect(registers[X0]).toBe(0xffff_ffff_ffff_ff9cn)
  expect(registers[PC]).toBe(before[PC] - 4n)
  expect(registers.subarray(1, PC)).toEqual(before.subarray(1, PC))
})

test('a call’s result is signed', () => {
  const {registers} = new FakeContext(0)
  registers[X0] = BigInt.asUintN(64, -4n)
  expect(arm64.callResult(registers)).toBe(-4n)
})

test.skipIf(!canBuildArm64)('the loop of hv check’s proof is what the assembler makes of it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hv-loop-'))
  const [source, object] = [join(folder, 'loop.s'), join(folder, 'loop.o')]
  writeFileSync(source, `1: mov x8, #${arm64.callLoopNumber}\n svc #0\n b 1b\n`)
  execFileSync(ARM64_CC, ['-c', '-o', object, source])
  const bytes = readFileSync(object)
  rmSync(folder, {recursive: true})
  expect(bytes.includes(Buffer.from(arm64.callLoop))).toBe(true)
})
