// VirtioBlock: a disk over a file and over memory, as a driver sees it, and a driver's mistakes.

import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {FileStore} from '../../../../src/machine/devices/block-store.ts'
import {VIRTIO_F_EVENT_IDX, VIRTIO_F_INDIRECT_DESC} from '../../../../src/machine/virtio/registers.ts'
import {MemoryStore} from '../../../helpers/memory-store.ts'
import {
  DISCARD,
  Disk,
  FLUSH,
  GET_ID,
  IN,
  IO_ERROR,
  OK,
  OUT,
  SECTOR,
  UNMAP,
  UNSUPPORTED,
  WRITE_ZEROES,
} from '../../../helpers/virtio-disk.ts'

const SECTORS = 4096
const F_READ_ONLY = 1n << 5n
const F_DISCARD = 1n << 13n

const scratch = mkdtempSync(join(tmpdir(), 'hv-block-'))
afterAll(() => rmSync(scratch, {recursive: true}))

const pattern = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({length}, (_, i) => (i * 7 + (i >> 9) + seed) % 251)

const IMAGE = pattern(SECTORS * SECTOR, 1)

/** In a bed, that is a tmpfs, too. */
const folders = [scratch, mkdtempSync('/dev/shm/hv-block-')]
afterAll(() => rmSync(folders[1], {recursive: true}))

function openImage(folder = scratch): {path: string; fd: number} {
  const path = join(folder, 'image')
  writeFileSync(path, IMAGE)
  return {path, fd: openSync(path, 'r+')}
}

test.each(folders)('a file has what was just written in memory, and reads it at once: in %s', (folder) => {
  const {fd} = openImage(folder)
  try {
    const store = new FileStore(fd, IMAGE.length)
    const parts = [new Uint8Array(512), new Uint8Array(7680)]
    expect(store.readNow(parts, 8192, 4096)).toBe(true)
    expect(Uint8Array.from(Buffer.concat(parts))).toEqual(IMAGE.slice(4096, 3 * 4096))
    expect(store.readNow([new Uint8Array(2)], 2, IMAGE.length - 1)).toBe(false)
  } finally {
    closeSync(fd)
  }
})

test('what is written at once is the parts, one behind another', () => {
  const {path, fd} = openImage(folders[1])
  try {
    const store = new FileStore(fd, IMAGE.length)
    expect(store.writeNow([Buffer.from('ab'), Buffer.from('c')], 3, 4096)).toBe(true)
    const expected = IMAGE.slice()
    expected.set(Buffer.from('abc'), 4096)
    expect(Buffer.compare(readFileSync(path), expected)).toBe(0)
  } finally {
    closeSync(fd)
  }
})

test('a device file is not taken for memory, although /dev is a tmpfs', () => {
  const fd = openSync('/dev/full', 'r+')
  try {
    // The host cannot say what of it is in memory.
    expect(new FileStore(fd, IMAGE.length).readNow([new Uint8Array(SECTOR)], SECTOR, 0)).toBe(false)
  } finally {
    closeSync(fd)
  }
})

const stores = [
  {
    name: 'a file',
    open: () => {
      const {path, fd} = openImage()
      return {
        store: new FileStore(fd, IMAGE.length),
        content: () => readFileSync(path),
        close: () => closeSync(fd),
      }
    },
  },
  {
    name: 'memory',
    open: () => {
      const content = IMAGE.slice()
      return {store: new MemoryStore(content), content: () => Buffer.from(content), close: () => {}}
    },
  },
]

describe.each(stores)('over $name', ({open}) => {
  test('sectors are read and written, in parts of any size, and nothing else changes', async () => {
    const {store, content, close} = open()
    const disk = new Disk(store)
    const read = await disk.ask(IN, 3, [], [100, 412, 512])
    expect([read.status, read.written, Buffer.compare(read.data, IMAGE.subarray(1536, 2560))]).toEqual([
      OK,
      1025,
      0,
    ])
    const bytes = pattern(2 * SECTOR, 99)
    expect(await disk.statusOf(OUT, 8, [bytes.subarray(0, 10), bytes.subarray(10)])).toBe(OK)
    const expected = Buffer.from(IMAGE)
    expected.set(bytes, 8 * SECTOR)
    expect(Buffer.compare(content(), expected)).toBe(0)
    close()
  })

  test('a request of megabytes goes in pieces', async () => {
    const {store, content, close} = open()
    const disk = new Disk(store)
    const bytes = pattern(SECTORS * SECTOR, 5)
    expect(await disk.statusOf(OUT, 0, [bytes])).toBe(OK)
    const {status, data} = await disk.ask(IN, 0, [], [SECTORS * SECTOR])
    expect([status, Buffer.compare(data, bytes), Buffer.compare(content(), bytes)]).toEqual([OK, 0, 0])
    close()
  })

  test('hundreds of requests at once are all answered, each with its own bytes', async () => {
    const {store, close} = open()
    const disk = new Disk(store)
    const sectors = Array.from({length: 250}, (_, i) => (i * 37) % SECTORS)
    const all = await Promise.all(sectors.map((sector) => disk.ask(IN, sector, [], [SECTOR])))
    const wrong = all.filter(({data}, i) =>
      Buffer.compare(data, IMAGE.subarray(sectors[i] * SECTOR, (sectors[i] + 1) * SECTOR)),
    )
    expect([all.length, wrong.length]).toEqual([250, 0])
    close()
  })

  test('nothing is read or written behind the end', async () => {
    const {store, content, close} = open()
    const disk = new Disk(store)
    const sector = new Uint8Array(SECTOR)
    expect([
      await disk.statusOf(IN, SECTORS - 1, [], [SECTOR]),
      await disk.statusOf(IN, SECTORS, [], [SECTOR]),
      await disk.statusOf(IN, SECTORS - 1, [], [2 * SECTOR]),
      await disk.statusOf(IN, 2n ** 64n - 1n, [], [SECTOR]),
      await disk.statusOf(OUT, SECTORS, [sector]),
      await disk.statusOf(OUT, 2n ** 55n, [sector]),
      await disk.statusOf(OUT, 0, [sector.subarray(1)]),
      await disk.range(WRITE_ZEROES, SECTORS - 1, 2),
    ]).toEqual([OK, ...Array(7).fill(IO_ERROR)])
    expect(Buffer.compare(content(), IMAGE)).toBe(0)
    close()
  })

  test('zeroes are written, over as many sectors as one request may name', async () => {
    const {store, content, close} = open()
    const disk = new Disk(store)
    const most = disk.driver.config(48, 4)
    expect([await disk.range(WRITE_ZEROES, 1, SECTORS - 2), most]).toEqual([OK, 131072])
    const expected = Buffer.from(IMAGE).fill(0, SECTOR, (SECTORS - 1) * SECTOR)
    expect(Buffer.compare(content(), expected)).toBe(0)
    expect([await disk.range(WRITE_ZEROES, 0, 1, 2), await disk.range(WRITE_ZEROES, 0, most + 1)]).toEqual([
      UNSUPPORTED,
      IO_ERROR,
    ])
    close()
  })
})

test('a driver without event index and indirect tables gets the same, by flags alone', async () => {
  const disk = new Disk(new MemoryStore(IMAGE.slice()), VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)
  for (let round = 0; round < 5; round++) {
    const all = await Promise.all(Array.from({length: 80}, (_, i) => disk.ask(IN, i, [], [SECTOR])))
    expect(all.every(({data}, i) => data[0] === IMAGE[i * SECTOR])).toBe(true)
  }
  expect(disk.driver.queues[0].notifications).toBeLessThan(5 * 80)
})

test('the configuration says how large the disk is, and a part of a sector is not there', () => {
  const {driver} = new Disk(new MemoryStore(new Uint8Array(5 * SECTOR + 100)))
  expect([driver.config(0, 4), driver.config(4, 4), driver.config(12, 4), driver.config(20, 4)]).toEqual([
    5, 0, 254, 512,
  ])
})

test('the disk has an ID, and an unknown request is told from a failed one', async () => {
  const disk = new Disk(new MemoryStore(IMAGE))
  const {status, data, written} = await disk.ask(GET_ID, 0, [], [20])
  expect([status, written, Buffer.from(data).toString()]).toEqual([OK, 21, 'disk-7'.padEnd(20, '\0')])
  expect([await disk.statusOf(GET_ID, 0, [], [19]), await disk.statusOf(99, 0)]).toEqual([
    IO_ERROR,
    UNSUPPORTED,
  ])
})

test('what was carried out is counted, and nothing else', async () => {
  const disk = new Disk(new MemoryStore(IMAGE.slice()))
  await disk.ask(IN, 0, [], [3 * SECTOR])
  await disk.ask(IN, SECTORS, [], [SECTOR])
  await disk.statusOf(OUT, 0, [new Uint8Array(2 * SECTOR)])
  await disk.statusOf(OUT, SECTORS, [new Uint8Array(SECTOR)])
  await disk.statusOf(FLUSH, 0)
  await disk.range(DISCARD, 0, 4)
  await disk.range(WRITE_ZEROES, 8, 2)
  await disk.range(WRITE_ZEROES, SECTORS, 2)
  expect(disk.model.counts).toEqual({
    ...{reads: 1, readBytes: 3 * SECTOR, writes: 1, writtenBytes: 2 * SECTOR},
    ...{flushes: 1, discardedBytes: 6 * SECTOR},
  })
})

test('a read-only disk says so, and takes no writes', async () => {
  const disk = new Disk(new MemoryStore(IMAGE, true))
  expect(disk.driver.features & (F_READ_ONLY | F_DISCARD)).toBe(F_READ_ONLY)
  expect([
    await disk.statusOf(IN, 0, [], [SECTOR]),
    await disk.statusOf(OUT, 0, [new Uint8Array(SECTOR)]),
    await disk.range(WRITE_ZEROES, 0, 1),
    await disk.range(DISCARD, 0, 1),
    await disk.statusOf(FLUSH, 0),
  ]).toEqual([OK, IO_ERROR, IO_ERROR, IO_ERROR, OK])
})

test('discard makes a hole of the range, and gives its blocks back to the host', async () => {
  const {fd} = openImage()
  const disk = new Disk(new FileStore(fd, IMAGE.length))
  const before = fstatSync(fd)
  expect([await disk.range(DISCARD, 8, 16), await disk.range(DISCARD, 0, 1, 1)]).toEqual([OK, UNSUPPORTED])
  const {size, blocks} = fstatSync(fd)
  expect([size, disk.driver.features & F_DISCARD]).toEqual([before.size, F_DISCARD])
  expect(blocks).toBeLessThan(before.blocks)
  const left = IMAGE.slice().fill(0, 8 * SECTOR, 24 * SECTOR)
  const {data} = await disk.ask(IN, 0, [], [left.length])
  expect(Buffer.compare(data, left)).toBe(0)
  closeSync(fd)
})

test('zeroes give their blocks back to the host if the driver allows it', async () => {
  const {path, fd} = openImage()
  const disk = new Disk(new FileStore(fd, IMAGE.length))
  const before = fstatSync(fd).blocks
  expect([disk.driver.config(56, 1), await disk.range(WRITE_ZEROES, 8, 16)]).toEqual([1, OK])
  expect(fstatSync(fd).blocks).toBe(before)
  expect(await disk.range(WRITE_ZEROES, 32, 16, UNMAP)).toBe(OK)
  expect(fstatSync(fd).blocks).toBeLessThan(before)
  const left = IMAGE.slice()
    .fill(0, 8 * SECTOR, 24 * SECTOR)
    .fill(0, 32 * SECTOR, 48 * SECTOR)
  expect(Buffer.compare(readFileSync(path), left)).toBe(0)
  closeSync(fd)
})

test('a range of no sectors changes nothing', async () => {
  const {path, fd} = openImage()
  const disk = new Disk(new FileStore(fd, IMAGE.length))
  expect([await disk.range(DISCARD, 8, 0), await disk.range(WRITE_ZEROES, 8, 0, UNMAP)]).toEqual([OK, OK])
  expect(Buffer.compare(readFileSync(path), IMAGE)).toBe(0)
  closeSync(fd)
})

test('an error of the host is one of the disk: a file that became shorter', async () => {
  const {fd} = openImage()
  const disk = new Disk(new FileStore(fd, IMAGE.length))
  ftruncateSync(fd, SECTOR)
  const failed = await disk.ask(IN, 0, [], [2 * SECTOR])
  expect([failed.status, failed.written, fstatSync(fd).size]).toEqual([IO_ERROR, 0, SECTOR])
  closeSync(fd)
  expect([await disk.statusOf(IN, 0, [], [SECTOR]), await disk.statusOf(FLUSH, 0)]).toEqual([
    IO_ERROR,
    IO_ERROR,
  ])
})

test.each([
  ['a header of 15 bytes', [new Uint8Array(15)], [1]],
  ['no place for the status', [new Uint8Array(16)], []],
])('%s breaks the ring', (_, readable, writable) => {
  const {driver} = new Disk(new MemoryStore(IMAGE))
  void driver.queues[0].request(readable, writable)
  expect([driver.status & 0x40, driver.device.brokenBy]).toEqual([
    0x40,
    'a block request without a header or a status',
  ])
})
