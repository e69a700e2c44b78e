// vFile and ids of processes, over a fake target whose tree is one file and one link.

import {expect, test} from 'vitest'
import {ENOENT, Errno} from '../../../src/abi/errno.ts'
import type {StatFields} from '../../../src/abi/stat.ts'
import {MAX_PAYLOAD} from '../../../src/gdb/packet.ts'
import type {TargetFile, TargetFiles} from '../../../src/gdb/target.ts'
import {FakeGdb, FakeTarget} from '../../helpers/gdb.ts'

const time = {seconds: 3, nanoseconds: 5}
const STAT: StatFields = {
  ...{dev: 1, ino: 2 ** 40 + 2, mode: 0o100644, nlink: 1, uid: 1000, gid: 100, rdev: 0},
  ...{size: 2 ** 33, blocks: 8, blksize: 4096, atime: time, mtime: time, ctime: time, btime: time},
}

class Tree implements TargetFiles {
  /** All bytes, many times over: some need escapes. */
  readonly content = Uint8Array.from({length: 0x6000}, (_, i) => (i < 0x5000 ? i & 0xff : 0x7d))
  opened = 0

  open(path: string): TargetFile {
    if (path !== '/bytes') throw new Errno(ENOENT)
    this.opened++
    return {
      read: (offset, length) => this.content.subarray(offset, offset + length),
      attributes: () => STAT,
      close: () => {
        this.opened--
      },
    }
  }

  attributes(): StatFields {
    return STAT
  }

  readlink(): string {
    return '/bytes'
  }
}

class Process extends FakeTarget {
  processes(): readonly number[] {
    return [2]
  }

  processOf(): number {
    return 2
  }

  override readonly files = new Tree()
}

function connected(): {target: Process; gdb: FakeGdb} {
  const target = new Process()
  const gdb = new FakeGdb(target)
  expect(gdb.ask('qSupported:multiprocess+')).toContain('multiprocess+')
  return {target, gdb}
}

const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex')

test('a file is read to its end, whatever its bytes are, in packets that are not too long', () => {
  const {target, gdb} = connected()
  expect(gdb.ask(`vFile:open:${hex('/bytes')},0,0`)).toBe('F0')
  const read: number[] = []
  for (;;) {
    const [head, text] = /^F[0-9a-f]+;/.test(gdb.ask(`vFile:pread:0,ffff,${read.length.toString(16)}`)!)
      ? [gdb.heard.at(-1)!.split(';', 1)[0], gdb.heard.at(-1)!.replace(/^[^;]*;/, '')]
      : ['', '']
    expect(Number.parseInt(head.slice(1), 16)).toBe(text.length)
    expect(text.length).toBeLessThan(MAX_PAYLOAD)
    if (text === '') break
    read.push(...Buffer.from(text, 'latin1'))
  }
  expect(Buffer.compare(Uint8Array.from(read), target.files.content)).toBe(0)
  expect(gdb.ask('vFile:close:0')).toBe('F0')
  expect(target.files.opened).toBe(0)
})

test('attributes come in gdb’s own layout', () => {
  const {gdb} = connected()
  expect(gdb.ask(`vFile:stat:${hex('/bytes')}`)!.startsWith('F40;')).toBe(true)
  const bytes = Buffer.from(gdb.heard.at(-1)!.slice(4), 'latin1')
  expect(bytes.readUInt32BE(8)).toBe(0o100644)
  expect(bytes.readBigUInt64BE(28)).toBe(2n ** 33n)
  expect(bytes.readUInt32BE(60)).toBe(3)
})

test.each([
  [`vFile:open:${hex('/none')},0,0`, 'F-1,2'],
  [`vFile:open:${hex('/bytes')},1,0`, 'F-1,1e'],
  [`vFile:open:${hex('/bytes')},601,1ff`, 'F-1,1e'],
  [`vFile:open:${hex('/bytes\0')},0,0`, 'F-1,16'],
  ['vFile:open:2f6,0,0', 'F-1,16'],
  ['vFile:open', 'F-1,1e'],
  ['vFile:pread:0,10,0', 'F-1,9'],
  ['vFile:pread:0', 'F-1,16'],
  ['vFile:close:ffffffff', 'F-1,9'],
  ['vFile:close:', 'F-1,16'],
  ['vFile:fstat:-1', 'F-1,16'],
  ['vFile:setfs:2', 'F0'],
  ['vFile:pwrite:0,0,xx', ''],
  ['vFile:unlink:2f', ''],
  ['vFile:constructor:', ''],
  ['vFile:', ''],
])('%s is answered %s', (packet, answer) => {
  expect(connected().gdb.ask(packet)).toBe(answer)
})

test('not too many are open, and none when gdb has left', () => {
  const {target, gdb} = connected()
  for (let i = 0; i < 64; i++) gdb.ask(`vFile:open:${hex('/bytes')},0,0`)
  expect(gdb.ask(`vFile:open:${hex('/bytes')},0,0`)).toBe('F-1,18')
  expect(gdb.ask('vFile:pread:0,10,ffffffffffffffff')).toBe('F-1,16')
  gdb.session.end()
  expect(target.files.opened).toBe(0)
})

test('threads are named with their process, and so are its ends', () => {
  const {target, gdb} = connected()
  expect(gdb.ask('qC')).toBe('QCp2.2')
  expect(gdb.ask('qfThreadInfo')).toBe('mp2.2,p2.3')
  expect(gdb.ask('Tp2.3')).toBe('OK')
  expect(
    ['Tp3.3', 'Tp2.4', 'Tp2', 'Hgp9.1', 'vCont;c:p3.-1', 'vCont;c:p.', 'Tp2.'].map((p) => gdb.ask(p)),
  ).toEqual(Array.from({length: 7}, () => 'E01'))
  expect(gdb.ask('Hgp2.3')).toBe('OK')
  expect(gdb.ask('qXfer:threads:read::0,400')).toContain('<thread id="p2.3" name="thread 3"/>')
  gdb.ask('vCont;s:p2.3;c:p2.-1')
  expect(target.resumed[0].map(({thread, kind}) => [thread, kind])).toEqual([
    [3, 'step'],
    [undefined, 'go'],
  ])
  target.stop({what: 'exited', code: 1, process: 2})
  expect(gdb.heard.at(-1)).toBe('W01;process:2')
})

test('no other process is killed or left', () => {
  const {target, gdb} = connected()
  expect(['vKill;3', 'D;3', 'vKill;zz', 'D;'].map((packet) => gdb.ask(packet))).toEqual([
    'E01',
    'E01',
    'E01',
    'OK',
  ])
  expect(target.events).toEqual(['interrupt', 'detach'])
})

test('a thread’s name cannot end the XML', () => {
  const {target, gdb} = connected()
  target.nameOf = () => '"/><x a="&\x01\xe9'
  expect(gdb.ask('qXfer:threads:read::0,400')).toContain('name="&#34;/&#62;&#60;x a=&#34;&#38;?&#233;"/>')
})
