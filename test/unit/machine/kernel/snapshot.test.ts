// Snapshots of machines: another one goes on from there, in another process too; what cannot go on is refused.

import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Duplex} from 'node:stream'
import {fileURLToPath} from 'node:url'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {HvError} from '../../../../src/errors.ts'
import type {KernelOptions} from '../../../../src/machine/kernel/kernel-options.ts'
import {Machine} from '../../../../src/machine/kernel/linux-machine.ts'
import {seededRandom} from '../../../helpers/mutate.ts'
import {mutatedText} from '../../../helpers/mutate-text.ts'
import {bareGuest, codeOf, describeKvm} from '../../../helpers/vm.ts'

const kernel = `${bareGuest('kernel-echo')}.bin`
const helper = fileURLToPath(new URL('../../../helpers/restored-machine.mjs', import.meta.url))
const SEED = 20261202
/** Each is a VM, or none. */
const MUTANTS = 40

let [folder, snapshot, disk]: string[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-snapshot-'))
  ;[snapshot, disk] = ['snapshot', 'disk'].map((name) => join(folder, name))
  writeFileSync(disk, new Uint8Array(4096))
})
afterEach(() => rmSync(folder, {recursive: true}))

const options = (): KernelOptions => ({kernel, cpus: 2, memoryBytes: 32 << 20, disks: [{path: disk}]})

/** A machine that has echoed some input is saved; what it then does is not in the snapshot. */
async function save(): Promise<void> {
  await using machine = Machine.create(options())
  await said(machine, '\n')
  machine.stdin.write('a')
  await said(machine, 'a')
  await machine.snapshot(snapshot)
  machine.stdin.write('b')
  expect(await said(machine, 'b')).toBe('b')
}

/** What it says until `end`: the kernel prints its parameters first, and a newline. */
async function said(machine: Machine, end: string): Promise<string> {
  let text = ''
  while (!text.endsWith(end)) text += (await once(machine.stdout, 'data'))[0]
  return text
}

/** Restores it, and switches it off. @returns what it wrote */
async function goOn(...args: Parameters<typeof Machine.restore>): Promise<string> {
  await using machine = Machine.restore(...args)
  machine.stdin.write('c\nq')
  let text = ''
  for await (const chunk of machine.stdout) text += chunk
  expect(await machine.wait()).toMatchObject({exitCode: 0})
  return text
}

describeKvm('a snapshot of a machine', () => {
  test('has its virtio console, which the kernel was told of', async () => {
    await using machine = Machine.create({kernel, console: 'hvc0'})
    expect(await said(machine, '\n')).toMatch(/^earlycon=\S+ console=hvc0 /)
    await machine.snapshot(snapshot)
    await using restored = Machine.restore(snapshot)
    await restored.pause()
    const usage = await restored.stats()
    expect(usage.boots).toBe(1)
    const {machine: saved} = JSON.parse(readFileSync(join(snapshot, 'manifest.json'), 'utf8'))
    expect(saved.console).toBe('hvc0')
  })

  test('goes on in this process and in another one, again and again', async () => {
    await save()
    const files = () =>
      readdirSync(snapshot).map((name) =>
        createHash('sha256')
          .update(readFileSync(join(snapshot, name)))
          .digest('hex'),
      )
    const before = files()
    expect(await goOn(snapshot)).toBe('c\n')
    expect(await goOn(snapshot)).toBe('c\n')
    const told = execFileSync(process.execPath, [helper, snapshot, 'd\nq'], {encoding: 'utf8'})
    expect(JSON.parse(told)).toEqual({output: 'd\n', exitCode: 0})
    expect(files()).toEqual(before)
  })

  test('can be made of a machine that has gone on from one, or is paused', async () => {
    await save()
    await using machine = Machine.restore(snapshot)
    await machine.pause()
    await machine.snapshot(`${snapshot}.2`)
    machine.kill()
    await machine.wait()
    expect(await goOn(`${snapshot}.2`)).toBe('c\n')
    await expect(machine.snapshot(`${snapshot}.3`)).rejects.toMatchObject({code: 'DISPOSED'})
  })

  test('boots its kernel anew when that resets the machine', async () => {
    await using machine = Machine.create({...options(), reboots: true})
    await said(machine, '\n')
    await machine.snapshot(snapshot)
    machine.kill()
    await machine.wait()
    await using restored = Machine.restore(snapshot)
    restored.stdin.write('r')
    let text = ''
    while (!text.includes('console=tty')) text += (await once(restored.stdout, 'data'))[0]
  })

  test('is a new directory, or none', async () => {
    await using machine = Machine.create(options())
    mkdirSync(snapshot)
    writeFileSync(join(snapshot, 'file'), '')
    symlinkSync(folder, `${snapshot}.link`)
    for (const [path, code] of [
      [snapshot, 'FILE_FAILED'],
      [disk, 'FILE_FAILED'],
      [join(folder, 'none', 'snapshot'), 'FILE_FAILED'],
      [join(`${snapshot}.link`, 'snapshot'), 'BAD_ARGUMENT'],
    ])
      await expect(machine.snapshot(path), path).rejects.toMatchObject({code})
    expect(readdirSync(folder).sort()).toEqual(['disk', 'snapshot', 'snapshot.link'])
  })

  test('needs its disk as it was, or a copy', async () => {
    await save()
    cpSync(disk, `${disk}.copy`, {preserveTimestamps: true})
    writeFileSync(disk, new Uint8Array(4096))
    expect(() => Machine.restore(snapshot)).toThrow(`the disk ${disk} has changed since`)
    expect(await goOn(snapshot, {disks: [`${disk}.copy`]})).toBe('c\n')
    appendFileSync(`${disk}.copy`, new Uint8Array(512))
    expect(codeOf(() => Machine.restore(snapshot, {disks: [`${disk}.copy`]}))).toBe('SAVE_INVALID')
    expect(codeOf(() => Machine.restore(snapshot, {disks: []}))).toBe('BAD_ARGUMENT')
    rmSync(disk)
    expect(codeOf(() => Machine.restore(snapshot))).toBe('NOT_FOUND')
  })

  test('needs another cable where the machine had one, and only there', async () => {
    await save()
    const cable = () => new Duplex({read() {}, write: (_chunk, _encoding, done) => done()})
    expect(codeOf(() => Machine.restore(snapshot, {network: cable()}))).toBe('BAD_ARGUMENT')
    await using machine = Machine.create({...options(), network: cable()})
    await said(machine, '\n')
    await machine.snapshot(`${snapshot}.2`)
    machine.kill()
    await machine.wait()
    expect(codeOf(() => Machine.restore(`${snapshot}.2`))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => Machine.restore(`${snapshot}.2`, {network: [cable(), cable()]}))).toBe('BAD_ARGUMENT')
    expect(await goOn(`${snapshot}.2`, {network: cable()})).toBe('c\n')
  })

  test('that is damaged is refused, or a machine', async () => {
    await save()
    const [manifest, state] = ['manifest.json', 'state'].map((name) => join(snapshot, name))
    const text = readFileSync(manifest, 'latin1')
    const bytes = readFileSync(state)
    /** A machine that begins is ended again. */
    const restore = async (): Promise<string> => {
      try {
        await Machine.restore(snapshot)[Symbol.asyncDispose]()
        return 'none'
      } catch (error) {
        if (error instanceof HvError) return error.code
        throw error
      }
    }
    for (const [name, value] of [
      ...([
        ['version', 2],
        ['architecture', 'arm64' === process.arch ? 'x86_64' : 'arm64'],
        ['machine', {...JSON.parse(text).machine, cpus: 1}],
        ['machine', {...JSON.parse(text).machine, memoryBytes: 128 << 20}],
        ['machine', {...JSON.parse(text).machine, memoryBytes: 2 ** 50}],
        ['devices', []],
        ['devices', JSON.parse(text).devices.toReversed()],
      ] as const),
    ]) {
      writeFileSync(manifest, JSON.stringify({...JSON.parse(text), [name]: value}))
      expect(await restore(), `${name}: ${JSON.stringify(value)}`).toBe('SAVE_INVALID')
    }
    for (let index = 0; index < MUTANTS; index++) {
      const random = seededRandom(SEED + index)
      const isOfState = index % 2 === 0
      const damaged = Buffer.from(bytes)
      for (let i = 0; isOfState && i < 4; i++) damaged[random(damaged.length)] ^= 1 << random(8)
      writeFileSync(state, isOfState && random(4) === 0 ? damaged.subarray(0, random(bytes.length)) : damaged)
      writeFileSync(manifest, isOfState ? text : mutatedText(text, random), 'latin1')
      const code = await restore()
      expect(
        ['SAVE_INVALID', 'NOT_FOUND', 'BAD_ARGUMENT', 'KVM_UNUSABLE', 'none'],
        `mutant ${index}`,
      ).toContain(code)
    }
    writeFileSync(manifest, text)
    writeFileSync(state, bytes)
    truncateSync(join(snapshot, 'memory'), 4096)
    expect(await restore()).toBe('SAVE_INVALID')
    rmSync(join(snapshot, 'memory'))
    mkdirSync(join(snapshot, 'memory'))
    expect(await restore()).toBe('SAVE_INVALID')
    expect(codeOf(() => Machine.restore(folder))).toBe('FILE_FAILED')
  })
})
