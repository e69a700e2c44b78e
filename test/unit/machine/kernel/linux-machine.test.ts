// Machine: a kernel's machine for embedders: its console, and how it ends.

import {once} from 'node:events'
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Duplex, type PassThrough} from 'node:stream'
import {setImmediate as nextTurn, setTimeout as sleep} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {arch} from '../../../../src/arch/index.ts'
import {type DiskOptions, requireCpus} from '../../../../src/machine/kernel/kernel-options.ts'
import {Machine} from '../../../../src/machine/kernel/linux-machine.ts'
import {bareGuest, codeOf, describeKvm, describeOn} from '../../../helpers/vm.ts'
import {vmlinuxOf} from '../../../helpers/vmlinux.ts'

const kernel = `${bareGuest('kernel-echo')}.bin`

async function textOf(machine: Machine): Promise<string> {
  let text = ''
  for await (const chunk of machine.stdout) text += chunk
  return text.slice(text.indexOf('\n') + 1)
}

/** Whether the machine waits because nobody reads its console. */
const isFull = ({stdout}: Machine): boolean => (stdout as PassThrough).writableNeedDrain

describeKvm('a machine', () => {
  test.skipIf(!existsSync(kernel))('has a console, and ends as its kernel switches it off', async () => {
    const machine = Machine.create({kernel})
    machine.stdin.write('hello\nq')
    expect(await textOf(machine)).toBe('hello\n')
    expect(await machine.wait()).toMatchObject({exitCode: 0, signal: null, timedOut: false})
  })

  test('is ended by its owner, or by its time', async () => {
    const killed = Machine.create({kernel})
    await once(killed.stdout, 'data')
    killed.kill()
    killed.kill()
    expect(await killed.wait()).toMatchObject({exitCode: null, signal: 9, timedOut: false})
    const late = Machine.create({kernel, timeoutMs: 50})
    late.stdout.resume()
    expect(await late.wait()).toMatchObject({exitCode: null, signal: null, timedOut: true})
  })

  test('that has ended may be killed and disposed of', async () => {
    await using machine = Machine.create({kernel})
    machine.stdout.resume()
    machine.stdin.write('q')
    const end = await machine.wait()
    machine.kill()
    expect(await machine.wait()).toBe(end)
  })

  test('waits while its output is not read, and the event loop turns', async () => {
    await using machine = Machine.create({kernel})
    machine.stdin.write('f')
    while (!machine.stdout.readableLength || !isFull(machine)) await sleep(1)
    const waiting = machine.stdout.readableLength
    let turns = 0
    for (; turns < 100; turns++) await nextTurn()
    expect(machine.stdout.readableLength).toBe(waiting)
    expect(waiting).toBeLessThan(100_000)
    expect(machine.stdout.read().length).toBeGreaterThan(0)
    while (!machine.stdout.readableLength) await sleep(1)
  })

  test('is ended though nobody reads what it floods', async () => {
    const [killed, late] = [Machine.create({kernel}), Machine.create({kernel, timeoutMs: 100})]
    for (const machine of [killed, late]) machine.stdin.write('f')
    while (!isFull(killed)) await sleep(1)
    // It writes more, which nobody takes: the bytes in flight are stuck.
    await sleep(500)
    killed.kill()
    expect(await killed.wait()).toMatchObject({exitCode: null, signal: 9})
    expect(await late.wait()).toMatchObject({timedOut: true})
  })

  test('ends as by SIGPIPE when its console is closed', async () => {
    const machine = Machine.create({kernel})
    machine.stdout.destroy()
    machine.stdin.write('hello')
    expect(await machine.wait()).toMatchObject({exitCode: null, signal: 13})
  })

  test.skipIf(!existsSync(kernel))('has up to 32 CPUs, and 29 virtio devices besides hv’s own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-disks-'))
    const cable = () => new Duplex({read() {}, write: (_chunk, _encoding, done) => done()})
    const disk = (index: number): DiskOptions => {
      const path = join(folder, `disk${index}`)
      writeFileSync(path, new Uint8Array(4096))
      return {path, iops: 1000}
    }
    const disks = Array.from({length: 26}, (_, index) => disk(index))
    const network = [cable(), {stream: cable(), bytesPerSecond: 4096}, {stream: cable()}]
    const machine = Machine.create({kernel, cpus: 32, disks, network})
    machine.stdin.write('q')
    expect(await textOf(machine)).toBe('')
    expect(await machine.wait()).toMatchObject({exitCode: 0})
    for (const [more, message] of [
      [{disks: [...disks, disk(26)], network}, 'room for 32 virtio devices, and not for 33'],
      [{cpus: 33}, 'cpus takes a whole number from 1 to 32'],
      [{network: [{stream: 'cable'}]}, 'network takes a Duplex, {stream} or {tap}, or a list of them'],
      [{disks: [{path: 'disk', iops: 0}]}, 'disks[0].iops takes a whole number'],
    ] as const)
      expect(() => Machine.create({kernel, ...(more as object)})).toThrow(message)
    rmSync(folder, {recursive: true})
  })

  test('whose GICv2 has 8 CPUs is not given more', () => {
    expect(() => requireCpus('gicv2', 9)).toThrow('a GICv2, whose machines have 8 CPUs at most, and not 9')
    requireCpus('gicv2', 8)
    requireCpus('gicv3', 32)
  })

  test('that is paused runs nothing until it is resumed, and can be ended', async () => {
    await using machine = Machine.create({kernel, cpus: 2})
    machine.stdin.write('f')
    while (!machine.stdout.readableLength) await sleep(1)
    await machine.pause()
    await machine.pause()
    while (machine.stdout.read() !== null) await sleep(10)
    await sleep(50)
    expect(machine.stdout.readableLength).toBe(0)
    machine.resume()
    while (!machine.stdout.readableLength) await sleep(1)
    // A machine that was let go on before it stood still.
    const paused = machine.pause()
    machine.resume()
    await paused
    await machine.pause()
    machine.kill()
    expect(await machine.wait()).toMatchObject({exitCode: null, signal: 9})
    await machine.pause()
    machine.resume()
  })

  test('writes its core while it runs, as a new file, and goes on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-dump-'))
    const [core, link] = [join(folder, 'core'), join(folder, 'link')]
    symlinkSync('/dev/null', link)
    await using machine = Machine.create({kernel, cpus: 2, memoryBytes: 64 << 20})
    await once(machine.stdout, 'data')
    for (const text of ['hello', 'again']) {
      await machine.dump(core)
      const bytes = readFileSync(core)
      expect(bytes.subarray(0, 4).toString('latin1')).toBe('\x7fELF')
      // The text that the kernel was given lies in its memory.
      expect(bytes.includes('console=tty')).toBe(true)
      expect(bytes.length).toBeGreaterThan(64 << 20)
      machine.stdin.write(text)
      await once(machine.stdout, 'data')
    }
    await expect(machine.dump(link)).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
    await expect(machine.dump(folder)).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
    expect(readdirSync(folder).sort()).toEqual(['core', 'link'])
    await machine.pause()
    await machine.dump(core)
    machine.resume()
    machine.stdin.write('q')
    await machine.wait()
    await expect(machine.dump(core)).rejects.toMatchObject({code: 'DISPOSED'})
    rmSync(folder, {recursive: true})
  })

  test.runIf(arch.name === 'x86_64')('takes an NMI, which nothing in this kernel handles', async () => {
    await using machine = Machine.create({kernel})
    await once(machine.stdout, 'data')
    await machine.nmi()
    expect(await machine.wait()).toMatchObject({exitCode: 1})
  })

  test('says what it uses and has done, and takes a target for its balloon', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-usage-'))
    const path = join(folder, 'disk')
    writeFileSync(path, new Uint8Array(4096))
    const network = new Duplex({read() {}, write: (_chunk, _encoding, done) => done()})
    const memoryBytes = 64 << 20
    await using machine = Machine.create({kernel, memoryBytes, disks: [{path}], network})
    await once(machine.stdout, 'data')
    machine.setBalloon((8 << 20) + 1)
    const usage = await machine.stats()
    expect(usage).toMatchObject({
      ...{maxMemoryBytes: memoryBytes, boots: 1, balloonTargetBytes: 8 << 20, balloonBytes: 0},
      disks: [{reads: 0, readBytes: 0, writes: 0, writtenBytes: 0, flushes: 0, discardedBytes: 0}],
      networks: [{receivedFrames: 0, receivedBytes: 0, sentFrames: 0, sentBytes: 0}],
    })
    // This kernel has no driver for it.
    expect(usage).not.toHaveProperty('guest')
    expect(usage.memoryBytes).toBeGreaterThan(0)
    expect(usage.memoryBytes).toBeLessThan(memoryBytes)
    expect(usage.cpuMs).toBeGreaterThan(0)
    for (const bytes of [-1, 0.5, memoryBytes + 1])
      expect(codeOf(() => machine.setBalloon(bytes))).toBe('BAD_ARGUMENT')
    machine.stdin.write('q')
    const {stats} = await machine.wait()
    expect(stats).toMatchObject({boots: 1, diskReads: 0, diskDiscardedBytes: 0, sentFrames: 0})
    expect(stats.memoryBytes).toBeGreaterThan(0)
    expect(stats.exits).toBeGreaterThanOrEqual(usage.exits)
    expect(stats.cpuNs / 1e6).toBeGreaterThanOrEqual(usage.cpuMs)
    await expect(machine.stats()).rejects.toMatchObject({code: 'DISPOSED'})
    expect(codeOf(() => machine.setBalloon(0))).toBe('DISPOSED')
    rmSync(folder, {recursive: true})
  })

  test('leaves nothing open', async () => {
    const before = readdirSync('/proc/self/fd').length
    for (let count = 0; count < 5; count++) {
      await using machine = Machine.create({kernel, initrd: kernel, shares: [{path: '/', tag: 'root'}]})
      await once(machine.stdout, 'data')
    }
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before + 1)
  })

  test('streams to its sockets end when it does', async () => {
    const machine = Machine.create({kernel})
    const errors: unknown[] = []
    const closed = (stream: Duplex) => new Promise((resolve) => stream.on('close', resolve))
    const early = machine.connect(1).on('error', (error) => errors.push(error))
    machine.stdout.resume()
    machine.kill()
    await Promise.all([closed(early), machine.wait()])
    await closed(machine.connect(1).on('error', (error) => errors.push(error)))
    expect(errors).toMatchObject([{code: 'ECONNRESET'}, {code: 'ECONNRESET'}])
    const stop = machine.listen(5, () => {})
    expect(codeOf(() => machine.listen(5, () => {}))).toBe('BAD_ARGUMENT')
    stop()
  })
})

describeOn('x86_64', 'a machine of an ELF vmlinux', () => {
  // Node 20 shows no more than 4 GiB at once.
  test.each([5, 20])(
    'boots as one of a bzImage does, with %i GiB, which do not all lie below 4 GiB',
    async (gibs) => {
      const memoryBytes = gibs * 2 ** 30
      const folder = mkdtempSync(join(tmpdir(), 'hv-vmlinux-'))
      const vmlinux = join(folder, 'vmlinux')
      writeFileSync(vmlinux, vmlinuxOf(readFileSync(kernel)))
      const machine = Machine.create({kernel: vmlinux, memoryBytes})
      machine.stdin.write('hello\nq')
      expect(await textOf(machine)).toBe('hello\n')
      expect(await machine.wait()).toMatchObject({exitCode: 0, signal: null, timedOut: false})
      rmSync(folder, {recursive: true})
    },
  )
})

test.each([
  [{}, 'options has no kernel'],
  [{kernel, memoryBytes: 2 ** 40}, 'a machine cannot have 1099511627776 bytes of memory'],
  [{kernel, memoryBytes: 0}, 'a machine cannot have 0 bytes of memory'],
  [{kernel, memoryBytes: 5 * 2 ** 30 + 1}, 'a machine cannot have 5368709121 bytes of memory'],
  [{kernel, shares: ['/', '/tmp'].map((path) => ({path, tag: 'files'}))}, 'two shares have the tag files'],
  [{kernel: 1}, 'kernel takes a path'],
  [{kernel: '/', console: 'tty'}, 'console takes'],
  [{kernel: '/', cpus: 0}, 'cpus takes a whole number'],
  [{kernel: '/', disk: []}, 'options has no disk'],
  [{kernel: '/', disks: 1}, 'disks takes a list, not 1'],
  [{kernel: '/', disks: [{}]}, 'disks[0] has no path'],
  [{kernel: '/none'}, 'the kernel /none cannot be read (ENOENT)'],
  [{kernel: '/'}, '/ is no regular file'],
])('%j is refused', (options, message) => {
  expect(() => Machine.create(options as never)).toThrow(message)
})
