// BareMachine: bare-metal guests, from their files to their ends.

import {closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {addon} from '../../../../src/addon.ts'
import {arch} from '../../../../src/arch/index.ts'
import {isBareMetal} from '../../../../src/elf/bare-metal.ts'
import {parseElf} from '../../../../src/elf/parse.ts'
import type {RunOptions} from '../../../../src/launch/options.ts'
import {BareMachine} from '../../../../src/machine/bare/bare-machine.ts'
import {MachineOutput} from '../../../../src/machine/console/streams.ts'
import {dumpMachine, type StoppedMachine} from '../../../../src/machine/debug/dump-machine.ts'
import {errorOf, run} from '../../../helpers/bare.ts'
import {bytesReader} from '../../../helpers/bytes-reader.ts'
import {bareGuest, describeKvm, describeOn} from '../../../helpers/vm.ts'

const scratch = mkdtempSync(join(tmpdir(), 'hv-bare-'))
afterAll(() => rmSync(scratch, {recursive: true}))

/** The last one is a note of QEMU's: target/i386/arch_dump.c. */
const [NT_PRSTATUS, NT_PRFPREG, QEMU_CPU_STATE] = [1, 2, 0]

/** The notes after the headers of a machine's core file, by type. */
function notesOf(dead: StoppedMachine): Map<number, Buffer> {
  const written: Buffer[] = []
  dumpMachine(dead, {write: (bytes) => void written.push(Buffer.from(bytes)), setLength: () => {}})
  const [, bytes] = written
  const notes = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    const [name, length, type] = [0, 4, 8].map((offset) => bytes.readUInt32LE(at + offset))
    const begin = at + 12 + ((name + 3) & ~3)
    notes.set(type, bytes.subarray(begin, begin + length))
    at = begin + ((length + 3) & ~3)
  }
  return notes
}

/** The hello guest, changed by `edit`. */
function mutant(name: string, edit: (bytes: DataView) => void): string {
  const bytes = new Uint8Array(readFileSync(bareGuest('hello')))
  edit(new DataView(bytes.buffer))
  const path = join(scratch, name)
  writeFileSync(path, bytes)
  return path
}

const PHDR_VADDR = 64 + 16
const PHDR_MEMSZ = 64 + 40

describeKvm('a bare-metal guest', () => {
  test('is told from a Linux program by what the file is', () => {
    const image = parseElf(bytesReader(readFileSync(bareGuest('hello'))), 'hello')
    expect(isBareMetal(image)).toBe(true)
  })

  test('prints on the serial port and ends with the status of the exit port', async () => {
    const ended = await run({})
    expect(ended).toMatchObject({
      stdout: 'Hello from bare metal\n',
      exitCode: 0,
      signal: null,
      timedOut: false,
    })
  })

  test('gets its arguments', async () => {
    const {stdout, exitCode} = await run({args: ['one', 'zwei and ½', '']})
    expect(Buffer.from(stdout, 'latin1').toString()).toBe('Hello from bare metal\none\nzwei and ½\n\n')
    expect(exitCode).toBe(3)
  })

  test.each(['', 'a line\nand another', 'x'.repeat(500)])(
    'reads its input to the end (%#)',
    async (input) => {
      const {stdout, exitCode} = await run({program: bareGuest('echo')}, input)
      expect(stdout).toBe(input.toUpperCase())
      expect(exitCode).toBe(0)
    },
  )

  test('with an interrupt controller takes interrupts of two timers and of the serial port', async () => {
    const {stdout, exitCode} = await run({program: bareGuest('ticks')}, 'to and fro\n')
    expect(stdout).toBe(`${'second timer\n'.repeat(3)}${'first timer\n'.repeat(3)}TO AND FRO\n`)
    expect(exitCode).toBe(0)
  })

  test('runs in as little memory as it asks for, and in 3 GiB', async () => {
    expect((await run({memoryBytes: 2 << 20})).exitCode).toBe(0)
    expect((await run({memoryBytes: 3 * 2 ** 30})).exitCode).toBe(0)
  })

  test('is stopped when its time is up', async () => {
    const started = performance.now()
    const ended = await run({program: bareGuest('misbehave'), args: ['spin'], timeoutMs: 100})
    expect(ended).toMatchObject({exitCode: null, signal: null, timedOut: true})
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  test('has counters and times', async () => {
    const {stats} = await run({})
    expect(arch.name === 'arm64' ? stats?.memoryExits : stats?.portExits).toBeGreaterThan(1)
    expect(stats?.runNs).toBeGreaterThan(0)
  })

  test('ends as by SIGPIPE when nobody reads its output any more', async () => {
    const output = new MachineOutput(() => {
      throw Object.assign(new Error('EPIPE'), {code: 'EPIPE'})
    })
    const options: RunOptions = {
      program: bareGuest('hello'),
      args: [],
      volumes: [],
      env: {},
      platform: 'auto',
    }
    using machine = new BareMachine(options, {output})
    expect(await machine.run()).toMatchObject({exitCode: null, signal: 13})
  })

  test('is shown as it died, vectors too, to who writes its core', async () => {
    const found: Map<number, Buffer>[] = []
    const onDead = (dead: StoppedMachine) => void found.push(notesOf(dead))
    expect((await run({onDead})).exitCode).toBe(0)
    expect(found).toHaveLength(0)
    await errorOf({program: bareGuest('misbehave'), args: ['vectors'], onDead})
    const [[vectors, first], sigbus] = [arch.name === 'arm64' ? [528, 0] : [512, 160], 7]
    expect(found[0].get(NT_PRFPREG)).toHaveLength(vectors)
    expect([...found[0].get(NT_PRFPREG)!.subarray(first, first + 16)]).toEqual([...Array(16).keys()])
    expect(found[0].get(NT_PRSTATUS)!.readInt32LE(0)).toBe(sigbus)
    if (arch.name === 'arm64') return
    const cpu = found[0].get(QEMU_CPU_STATE)!
    expect([cpu.readUInt32LE(0), cpu.readUInt32LE(4)]).toEqual([1, cpu.length])
    const [cr0, cr3] = [392, 392 + 8 * 3].map((at) => cpu.readBigUInt64LE(at))
    expect([cr0, cr3]).toEqual([0x80010033n, 0x1000n])
  })

  const own = {
    x86_64: [
      ['port', 'wrote 1 byte at port 0x1234, where there is no device'],
      ['port-read', 'read 1 byte at port 0x1234, where there is no device'],
      ['wide', 'wrote 4 bytes at port 0x3f8, where the serial port takes 1'],
      ['fault', 'triple fault'],
      ['halt', 'halted'],
    ],
    arm64: [
      ['wide', 'wrote 8 bytes at guest physical address 0x9000000, where the serial port takes 1 or 2 or 4'],
      ['pair', 'internal error 1'],
      ['fault', 'has no handler: ESR 0x2000000, FAR'],
    ],
  }
  test.each([
    ...own[arch.name],
    ['mmio', 'read 4 bytes at guest physical address 0xd0000000'],
    ['mmio-write', 'wrote 4 bytes at guest physical address 0xd0000000'],
  ])('that does wrong by %s is an error that says what', async (how, words) => {
    const error = await errorOf({program: bareGuest('misbehave'), args: [how]})
    expect(error.code).toBe('VCPU_FAILED')
    expect(error.message).toContain(words)
    expect(error.nextStep).not.toBe('')
  })
})

describeOn('x86_64', 'a guest that halts', () => {
  test('waits where it has an interrupt controller', async () => {
    const halting = {program: bareGuest('misbehave'), args: ['halt'], irqchip: true, timeoutMs: 100}
    expect(await run(halting)).toMatchObject({exitCode: null, signal: null, timedOut: true})
  })
})

describeOn('arm64', 'a guest that wants EL2', () => {
  const program = bareGuest('vhe')

  test("sees EL2's registers under EL1's names, or is refused with what the host lacks", async () => {
    if (!addon.vmLimits().hasEl2) {
      const error = await errorOf({program})
      expect(error.code).toBe('KVM_UNUSABLE')
      expect(error.nextStep).toContain('kvm-arm.mode=nested')
      return
    }
    const {stdout, exitCode} = await run({program})
    expect(stdout).toContain('exception level 0x2\nID_AA64MMFR1_EL1.VH 0x1\n')
    expect(stdout).toContain('HCR_EL2.E2H is 0x1\nVBAR_EL1 = 0x11000: VBAR_EL2 is 0x11000\n')
    expect(exitCode).toBe(0)
  })
})

describeKvm('a file that cannot be a bare-metal guest', () => {
  test('is named when it is missing', async () => {
    const error = await errorOf({program: '/nowhere/guest'})
    expect([error.code, error.message]).toEqual(['NOT_FOUND', '/nowhere/guest does not exist'])
  })

  test('is refused when it is a directory, or no ELF file', async () => {
    expect(await errorOf({program: scratch})).toMatchObject({code: 'NOT_EXECUTABLE'})
    const text = join(scratch, 'text')
    writeFileSync(text, 'hello')
    expect(await errorOf({program: text})).toMatchObject({code: 'NOT_EXECUTABLE'})
  })

  test('is refused when a segment lies where the machine has its tables', async () => {
    const program = mutant('low', (bytes) => {
      bytes.setBigUint64(PHDR_VADDR, 0x1000n, true)
      bytes.setBigUint64(24, 0x1000n, true)
    })
    expect(await errorOf({program})).toMatchObject({code: 'BAD_ELF'})
  })

  test('is refused when it does not fit into memory', async () => {
    const program = mutant('large', (bytes) => bytes.setBigUint64(PHDR_MEMSZ, 1n << 40n, true))
    expect(await errorOf({program})).toMatchObject({code: 'MEMORY_SIZE'})
    expect(await errorOf({memoryBytes: 1 << 20})).toMatchObject({code: 'MEMORY_SIZE'})
    expect(await errorOf({memoryBytes: 4096})).toMatchObject({code: 'MEMORY_SIZE'})
    expect(await errorOf({memoryBytes: 2 ** 40})).toMatchObject({code: 'MEMORY_SIZE'})
  })

  test('is refused when its arguments do not fit', async () => {
    expect(await errorOf({args: ['x'.repeat(40_000)]})).toMatchObject({code: 'BAD_ARGUMENT'})
    expect(await errorOf({args: Array.from({length: 5000}, () => '')})).toMatchObject({code: 'BAD_ARGUMENT'})
  })
})

describe('MachineOutput', () => {
  test('writes all bytes in order, however few are taken at once', async () => {
    const path = join(scratch, 'output')
    const fd = openSync(path, 'w')
    let refusals = 3
    const output = new MachineOutput((bytes) => {
      if (refusals-- > 0) throw Object.assign(new Error('EAGAIN'), {code: 'EAGAIN'})
      return writeSync(fd, bytes, 0, Math.min(2, bytes.length))
    })
    for (const byte of Buffer.from('in order')) output.put(byte)
    await output.flush()
    closeSync(fd)
    expect(readFileSync(path, 'utf8')).toBe('in order')
    expect(output.length).toBe(0)
  })
})
