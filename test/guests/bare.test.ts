// Bare-metal guests under the same `hv run`, which tells them from Linux programs by the file.

import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {arch, guests} from '../../ci/paths.mjs'
import {underHv} from './run.ts'

describe.skipIf(!existsSync(`${guests}/bare-hello`))('a bare-metal guest', () => {
  test('is run as one because its file says so', () => {
    const {status, stdout, stderr} = underHv([], `${guests}/bare-hello`, [])
    expect({status, stdout: stdout.toString(), stderr}).toEqual({
      status: 0,
      stdout: 'Hello from bare metal\n',
      stderr: '',
    })
  })

  test('is run as one by --machine bare', () => {
    expect(underHv(['--machine', 'bare'], `${guests}/bare-hello`, []).status).toBe(0)
  })

  test('reads the serial line from standard input', () => {
    const {status, stdout} = underHv([], `${guests}/bare-echo`, [], {stdin: Buffer.from('to and fro\n')})
    expect({status, stdout: stdout.toString()}).toEqual({status: 0, stdout: 'TO AND FRO\n'})
  })

  test('is run as a flat binary by --flat, and a Linux program is given no interrupt controller', () => {
    // out %al, $0xf4; or movz w0, #8; movk w0, #0x8400, lsl #16; hvc #0
    const code = {
      x86_64: [0xb0, 0, 0xe6, 0xf4],
      arm64: [0, 1, 0x80, 0x52, 0, 0x80, 0xb0, 0x72, 2, 0, 0, 0xd4],
    }
    const folder = mkdtempSync(join(tmpdir(), 'hv-flat-'))
    writeFileSync(join(folder, 'flat'), Uint8Array.from(code[arch as keyof typeof code]))
    expect(underHv(['--flat', '--irqchip'], join(folder, 'flat'), [])).toMatchObject({status: 0, stderr: ''})
    rmSync(folder, {recursive: true})
    const {status, stderr} = underHv(['--irqchip'], `${guests}/hello`, [])
    expect({status, stderr}).toEqual({
      status: 125,
      stderr: 'hv: --irqchip is for bare-metal guests, and this is a Linux program: leave it out\n',
    })
  })

  test('takes interrupts in the jail', () => {
    const {status, stdout, stderr} = underHv([], `${guests}/bare-ticks`, [], {
      stdin: Buffer.from('to and fro\n'),
    })
    expect({status, stderr}).toEqual({status: 0, stderr: ''})
    expect(stdout.toString().split('\n').slice(-3)).toEqual(['first timer', 'TO AND FRO', ''])
  })

  test('has its exits traced by --trace', () => {
    const {status, stdout, stderr} = underHv(['--trace'], `${guests}/bare-hello`, [])
    expect({status, stdout: stdout.toString()}).toEqual({status: 0, stdout: 'Hello from bare metal\n'})
    expect(stderr).toMatch(
      /^1 vcpu0 0x[0-9a-f]+ (io out 0x3f8|mmio write 0x9000000) 0x0*48 \[[0-9a-f]{8,}\]\n/,
    )
  })

  test('is a Linux program by --machine linux, and dies as one', () => {
    expect(underHv(['--machine', 'linux'], `${guests}/bare-hello`, []).status).toBe(139)
  })
})
