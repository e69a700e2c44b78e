// openDisk: disks that two machines would write to are refused, as between two of QEMU's.

import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {hasCommand} from '../../../../ci/packages.mjs'
import {F_RDLCK, F_WRLCK} from '../../../../src/abi/fcntl.ts'
import {HvError} from '../../../../src/errors.ts'
import {KernelResources} from '../../../../src/machine/kernel/kernel-resources.ts'
import {openDisk} from '../../../../src/machine/kernel/open-disk.ts'
import {Register} from '../../../../src/machine/virtio/registers.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtioDriver} from '../../../helpers/virtio-driver.ts'

const host = nativeHost.files

const folder = mkdtempSync(join(tmpdir(), 'hv-disk-'))
afterAll(() => rmSync(folder, {recursive: true}))
let count = 0
function image(bytes = 4096): string {
  const path = join(folder, `${count++}.img`)
  writeFileSync(path, new Uint8Array(bytes))
  return path
}

/** What is wrong with these disks of one machine, and what to do; '' if nothing is. */
function refusalOf(...disks: Parameters<typeof openDisk>[0][]): string {
  using resources = new KernelResources()
  try {
    resources.disks(disks)
    return ''
  } catch (error) {
    if (!(error instanceof HvError)) throw error
    return `${error.code}: ${error.message}: ${error.nextStep}`
  }
}

const IN_USE =
  /^BAD_ARGUMENT: the disk .* is in use, .*: give it to one at a time, or to all of them read-only$/

describe('a disk', () => {
  test('of one machine is refused to another, unless both only read it', () => {
    const path = image()
    using writer = new KernelResources()
    writer.disks([{path}])
    expect(refusalOf({path})).toMatch(IN_USE)
    expect(refusalOf({path, readOnly: true})).toMatch(IN_USE)
    writer[Symbol.dispose]()
    using reader = new KernelResources()
    reader.disks([{path, readOnly: true}])
    expect(refusalOf({path})).toMatch(IN_USE)
    expect(refusalOf({path, readOnly: true})).toBe('')
  })

  test('is closed when no request for it is under way any more', async () => {
    const path = image()
    // More than is ever read at once.
    const LARGE = 2 << 20
    truncateSync(path, LARGE)
    const {ino} = statSync(path)
    const inodeOf = (fd: string) => statSync(`/proc/self/fd/${fd}`, {throwIfNoEntry: false})?.ino
    const isOpen = () => readdirSync('/proc/self/fd').some((fd) => inodeOf(fd) === ino)
    using resources = new KernelResources()
    const driver = new VirtioDriver(resources.disks([{path}])[0]).begin()
    void driver.queues[0].request([new Uint8Array(16)], [LARGE, 1])
    driver.write(Register.status, 0)
    resources[Symbol.dispose]()
    expect(isOpen()).toBe(true)
    await expect.poll(isOpen).toBe(false)
  })

  test('comes once in a machine, unless it only reads it', () => {
    const path = image()
    expect(refusalOf({path}, {path})).toMatch(IN_USE)
    expect(refusalOf({path}, {path, readOnly: true})).toMatch(IN_USE)
    expect(refusalOf({path, readOnly: true}, {path, readOnly: true})).toBe('')
    expect(refusalOf({path})).toBe('')
  })

  test.each([
    [F_RDLCK, false],
    [F_WRLCK, false],
    [F_WRLCK, true],
  ])('that is locked as a whole is refused: lock %i, read-only %j', (type, readOnly) => {
    const path = image()
    const fd = openSync(path, 'r+')
    expect(host.hostLock(fd, type, 0, 0)).toBe(0)
    expect(refusalOf({path, readOnly})).toMatch(IN_USE)
    closeSync(fd)
  })

  test('that a machine writes to cannot be locked as a whole, not even for reading', () => {
    const path = image()
    using writer = new KernelResources()
    writer.disks([{path}])
    const fd = openSync(path, 'r')
    expect(host.hostLock(fd, F_RDLCK, 0, 0)).toBeLessThan(0)
    closeSync(fd)
  })

  test('has whole sectors', () => {
    expect(refusalOf({path: image(513)})).toMatch(
      /^BAD_ARGUMENT: the disk .* has 513 bytes, no multiple of 512: .*truncate -s %512/,
    )
  })

  test.skipIf(!hasCommand('losetup') || process.getuid?.() !== 0)('may be a block device', () => {
    const {status, stdout} = spawnSync('losetup', ['--find', '--show', image(8192)], {encoding: 'utf8'})
    // Containers have no loop devices.
    if (status !== 0) return
    const path = stdout.trim()
    const {fd, bytes} = openDisk({path})
    expect(bytes).toBe(8192)
    expect(refusalOf({path})).toMatch(IN_USE)
    closeSync(fd)
    spawnSync('losetup', ['--detach', path])
  })
})

/** A machine of QEMU's that stands still, with a raw disk. @returns what it says if it does not start, otherwise '' */
async function startQemu(path: string, readOnly: boolean) {
  const drive = `if=none,id=disk,format=raw,file=${path},read-only=${readOnly ? 'on' : 'off'}`
  const paused = ['-S', '-nodefaults', '-display', 'none', '-machine', 'q35,accel=tcg', '-m', '16']
  const devices = ['-drive', drive, '-device', 'virtio-blk-pci,drive=disk', '-qmp', 'stdio']
  const qemu = spawn('qemu-system-x86_64', [...paused, ...devices])
  const closed = once(qemu, 'close')
  let errors = ''
  qemu.stderr.on('data', (chunk) => (errors += chunk))
  // It greets before it opens its disks, and answers when it has.
  qemu.stdin.on('error', () => {}).write('{"execute": "qmp_capabilities"}\n')
  const answered = new Promise<void>((resolve) => {
    qemu.stdout.on('data', (chunk) => String(chunk).includes('"return"') && resolve())
  })
  await Promise.race([answered, closed])
  const stop = async (): Promise<void> => {
    qemu.kill()
    await closed
  }
  return {errors, stop}
}

describe.skipIf(!hasCommand('qemu-system-x86_64'))("a disk of QEMU's", () => {
  test.each([
    [false, false, false],
    [false, true, false],
    [true, false, false],
    [true, true, true],
  ])('read-only there %j, read-only here %j: shared %j, whoever comes first', async (there, here, shared) => {
    const path = image()
    const first = await startQemu(path, there)
    expect(first.errors).toBe('')
    const refusal = refusalOf({path, readOnly: here})
    await first.stop()
    expect(refusal).toMatch(shared ? /^$/ : IN_USE)

    using resources = new KernelResources()
    resources.disks([{path, readOnly: here}])
    const second = await startQemu(path, there)
    await second.stop()
    expect(second.errors).toMatch(shared ? /^$/ : /Failed to get .*"write" lock/)
  })
})
