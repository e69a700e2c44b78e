// VirtioBlock: requests in flight: how many, until when, and what a reset does to them.

import {setImmediate as nextTurn} from 'node:timers/promises'
import {expect, test} from 'vitest'
import type {BlockStore} from '../../../../src/machine/devices/block-store.ts'
import {Register} from '../../../../src/machine/virtio/registers.ts'
import {Disk, FLUSH, IN, OK, OUT, SECTOR, UNMAP, WRITE_ZEROES} from '../../../helpers/virtio-disk.ts'

const F_FLUSH = 1n << 9n

/** Records what it is asked, and does it when told. */
class SlowStore implements BlockStore {
  readonly bytes = 1 << 20
  readonly isReadOnly = false
  readonly asked: string[] = []
  readonly #due: (() => void)[] = []

  read(bytes: Uint8Array): Promise<void> {
    bytes.fill(0xee)
    return this.#ask('read')
  }

  write(_bytes: Uint8Array, offset: number): Promise<void> {
    return this.#ask(`write ${offset / SECTOR}`)
  }

  async discard(): Promise<boolean> {
    return false
  }

  flush(): Promise<void> {
    return this.#ask('flush')
  }

  async finishAll(): Promise<void> {
    for (let idle = 0; idle < 3; idle++) {
      if (this.#due.length > 0) idle = 0
      for (const finish of this.#due.splice(0)) finish()
      await nextTurn()
    }
  }

  #ask(what: string): Promise<void> {
    this.asked.push(what)
    return new Promise((resolve) => this.#due.push(resolve))
  }
}

test('a flush is done when the disk has flushed, and a driver that never flushes has each write flushed', async () => {
  const [lazy, eager] = [new SlowStore(), new SlowStore()]
  const disk = new Disk(lazy)
  const flush = disk.statusOf(FLUSH, 0)
  const write = disk.statusOf(OUT, 1, [new Uint8Array(SECTOR)])
  const through = new Disk(eager, F_FLUSH).statusOf(OUT, 1, [new Uint8Array(SECTOR)])
  expect(await Promise.race([flush, nextTurn('waits')])).toBe('waits')
  await Promise.all([lazy.finishAll(), eager.finishAll()])
  expect([await flush, await write, await through, lazy.asked, eager.asked]).toEqual([
    OK,
    OK,
    OK,
    ['flush', 'write 1'],
    ['write 1', 'flush'],
  ])
})

test('sixteen requests are with the disk at once, not more', async () => {
  const store = new SlowStore()
  const disk = new Disk(store)
  const all = Array.from({length: 40}, (_, i) => disk.statusOf(OUT, i, [new Uint8Array(SECTOR)]))
  expect(store.asked.length).toBe(16)
  await store.finishAll()
  expect(new Set(await Promise.all(all))).toEqual(new Set([OK]))
})

/** Has all of its content in memory, and may say so. */
class CachedStore extends SlowStore {
  isCached = true

  readNow(parts: readonly Uint8Array[], length: number, offset: number): boolean {
    this.asked.push(`read ${length} bytes at ${offset} now`)
    for (const part of parts) part.fill(0xcc)
    return this.isCached
  }

  writeNow(_parts: readonly Uint8Array[], length: number, offset: number): boolean {
    this.asked.push(`write ${length} bytes at ${offset} now`)
    return this.isCached
  }
}

test('what the host has in memory takes one call, one interrupt and no turn of the event loop', async () => {
  const store = new CachedStore()
  const disk = new Disk(store)
  const read = disk.ask(IN, 1, [], [SECTOR])
  const late = nextTurn('late')
  expect(await Promise.race([read, late])).toMatchObject({
    status: OK,
    data: new Uint8Array(SECTOR).fill(0xcc),
  })
  expect(await Promise.race([disk.statusOf(OUT, 2, [new Uint8Array(SECTOR)]), late])).toBe(OK)
  expect(store.asked).toEqual(['read 512 bytes at 512 now', 'write 512 bytes at 1024 now'])
  expect(disk.driver.line.raises).toBe(2)
})

test('what the host has in memory is answered before the notification ends', () => {
  const store = new CachedStore()
  const disk = new Disk(store)
  void disk.ask(IN, 0, [], [SECTOR])
  expect(disk.driver.line.raises).toBe(1)
})

test('what the host does not have in memory waits for the disk, whole', async () => {
  const store = new CachedStore()
  store.isCached = false
  const disk = new Disk(store)
  const read = disk.ask(IN, 0, [], [SECTOR])
  const write = disk.statusOf(OUT, 1, [new Uint8Array(SECTOR)])
  await store.finishAll()
  expect([(await read).data, await write]).toEqual([new Uint8Array(SECTOR).fill(0xee), OK])
  expect(store.asked.filter((what) => !what.endsWith('now'))).toEqual(['read', 'write 1'])
})

test('of a request of more than 1 MiB nothing is read at once', async () => {
  const store = new CachedStore()
  const longer = Object.assign(store, {bytes: 1 << 23})
  const disk = new Disk(longer)
  const read = disk.ask(IN, 0, [], [3 << 20])
  await store.finishAll()
  expect((await read).status).toBe(OK)
  expect(store.asked).toEqual(['read', 'read', 'read'])
})

test('a reset in the middle of a read leaves memory alone', async () => {
  const store = new SlowStore()
  const disk = new Disk(store)
  void disk.ask(IN, 0, [], [SECTOR])
  void disk.ask(OUT, 0, [new Uint8Array(SECTOR)])
  const {driver} = disk
  driver.write(Register.status, 0)
  const before = driver.memory.view(driver.memory.base, driver.memory.size).slice()
  await store.finishAll()
  expect(Buffer.compare(before, driver.memory.view(driver.memory.base, driver.memory.size))).toBe(0)
})

test('the next driver waits until the disk is done with what the last one asked for', async () => {
  const store = new SlowStore()
  const disk = new Disk(store)
  const dropped = disk.statusOf(OUT, 1, [new Uint8Array(SECTOR)])
  disk.driver.begin()
  const next = disk.statusOf(OUT, 2, [new Uint8Array(SECTOR)])
  await nextTurn()
  expect(store.asked).toEqual(['write 1'])
  await store.finishAll()
  expect([store.asked, await next, await Promise.race([dropped, 'dropped'])]).toEqual([
    ['write 1', 'write 2'],
    OK,
    'dropped',
  ])
})

test('zeroes that may be holes are written where the disk makes none', async () => {
  const store = new SlowStore()
  const zeroed = new Disk(store).range(WRITE_ZEROES, 8, 8, UNMAP)
  await store.finishAll()
  expect([store.asked, await zeroed]).toEqual([['write 8'], OK])
})

test('after a reset, a device says when its file may be closed, and a long request goes no further', async () => {
  const store = new SlowStore()
  const disk = new Disk(store)
  void disk.range(WRITE_ZEROES, 0, 2048)
  disk.driver.write(Register.status, 0)
  const idle = () => new Promise<void>((resolve) => disk.model.whenIdle(resolve))
  expect(await Promise.race([idle(), nextTurn('busy')])).toBe('busy')
  await Promise.all([store.finishAll(), idle()])
  expect([store.asked, await idle()]).toEqual([['write 0'], undefined])
})
