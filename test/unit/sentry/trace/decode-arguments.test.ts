// decodeArguments: what arguments say to code that decides by them, and where paths lead.

import {describe, expect, test} from 'vitest'
import {AT_FDCWD} from '../../../../src/abi/at-flags.ts'
import {O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {arch} from '../../../../src/arch/index.ts'
import {argumentDecoder} from '../../../../src/sentry/trace/decode-arguments.ts'
import {rowOf, TracedTask} from './traced-task.ts'

const decode = argumentDecoder()
const NOWHERE = 0xdead000

class AskedTask extends TracedTask {
  ask(name: string, ...args: (number | bigint | string)[]) {
    this.place(args)
    return decode(this.task, rowOf(name))
  }

  /** Where the last path leads. */
  leads(name: string, ...args: (number | bigint | string)[]): string | undefined {
    const found = this.ask(name, ...args).findLast(({kind}) => kind === 'path')
    return found?.kind === 'path' ? found.resolved : undefined
  }
}

/** The architecture's own bits. */
const own = (flags: number): number =>
  [...Array(32).keys()]
    .map((bit) => 2 ** bit)
    .filter((bit) => flags & arch.kernelAbi.openFlags(bit))
    .reduce((sum, bit) => sum | bit, 0)

test('words, descriptors, names and flags', () => {
  const asked = new AskedTask()
  expect(asked.ask('lseek', 3, -5n & 0xffffffffffffffffn, 1)).toEqual([
    {kind: 'descriptor', value: 3, text: '3'},
    {kind: 'number', value: -5, text: '-5'},
    {kind: 'name', value: 'SEEK_CUR', text: 'SEEK_CUR'},
  ])
  expect(asked.ask('kill', 7, 15)).toMatchObject([{value: 7}, {kind: 'name', value: 'SIGTERM'}])
  expect(asked.ask('access', '/', 6)[1]).toMatchObject({kind: 'flags', value: ['R_OK', 'W_OK']})
  expect(asked.ask('mmap', 0, 4096, 0, 0x22, -1, 0).map(({kind}) => kind)).toEqual(
    ['other', 'number', 'flags', 'flags', 'descriptor', 'number'].map((kind, index) =>
      index === 5 ? expect.any(String) : kind,
    ),
  )
  expect(asked.ask('write', 1, NOWHERE, 2n ** 63n)[2]).toMatchObject({kind: 'number', value: 2 ** 52})
})

test('bytes and strings, bounded, and undefined where pointers lead nowhere', () => {
  const asked = new AskedTask()
  const text = asked.string('hello')
  expect(asked.ask('write', 1, text, 5)[1]).toEqual({
    kind: 'bytes',
    value: new Uint8Array(Buffer.from('hello')),
    length: 5,
    text: '"hello"',
  })
  expect(asked.ask('write', 1, NOWHERE, 2n ** 63n)[1]).toMatchObject({kind: 'bytes', value: undefined})
  expect(asked.ask('setxattr', '/', NOWHERE, text, 5, 0)[1]).toMatchObject({kind: 'string', value: undefined})
  expect(asked.ask('execve', '/a', NOWHERE, 0)[1]).toMatchObject({kind: 'strings', value: undefined})
  expect(asked.ask('openat', AT_FDCWD, NOWHERE, 0, 0)[1]).toEqual({
    kind: 'path',
    value: undefined,
    resolved: undefined,
    text: '0xdead000',
  })
})

test('addresses of sockets', () => {
  const asked = new AskedTask()
  const address = (bytes: number[], length = bytes.length) =>
    asked.ask('connect', 3, asked.data(Uint8Array.from(bytes)), length)[1]
  expect(address([1, 0, 0x2f, 0x61])).toMatchObject({value: {family: 'AF_UNIX', path: '/a'}})
  expect(address([1, 0, 0x2f, 0x61, 0, 0x62])).toMatchObject({value: {family: 'AF_UNIX', path: '/a'}})
  expect(address([1, 0, 0, 0x61])).toMatchObject({value: {family: 'AF_UNIX', abstract: 'a'}})
  expect(address([1, 0])).toMatchObject({value: {family: 'AF_UNIX'}})
  const inet = [2, 0, 0, 80, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
  expect(address(inet)).toMatchObject({value: {family: 'AF_INET', address: '10.0.0.1', port: 80}})
  const inet6 = [10, 0, 1, 187, 0, 0, 0, 0, ...Array(15).fill(0), 1, 0, 0, 0, 0]
  expect(address(inet6)).toMatchObject({value: {family: 'AF_INET6', address: '::1', port: 443}})
  expect(address(inet, 7)).toMatchObject({value: {family: 'AF_INET'}})
  for (const length of [0, 1, 129, -1, 2 ** 31])
    expect(address(inet, length)).toMatchObject({value: undefined})
  expect(asked.ask('connect', 3, 0, 16)[1]).toMatchObject({kind: 'address', value: undefined})
})

describe('where a path leads', () => {
  function tree(): AskedTask {
    const asked = new AskedTask()
    asked.trace('mkdirat', AT_FDCWD, '/etc', 0o755)
    asked.trace('symlinkat', '/etc', AT_FDCWD, '/link')
    asked.trace('symlinkat', 'missing', AT_FDCWD, '/etc/dangling')
    return asked
  }
  const open = (asked: AskedTask, path: string, flags = 0) =>
    asked.leads('openat', AT_FDCWD, path, own(flags), 0)

  test.each([
    ['/etc', '/etc'],
    ['//etc/../etc/./', '/etc'],
    ['/link', '/etc'],
    ['/link/new', '/etc/new'],
    ['link/new', '/etc/new'],
    ['/etc/dangling', '/etc/missing'],
    ['/none/a', undefined],
    ['', undefined],
    ['/link/new/a', undefined],
  ])('%j: %j', (path, expected) => {
    expect(open(tree(), path)).toBe(expected)
  })

  test('flags that do not follow a last link are heeded', () => {
    const asked = tree()
    expect(open(asked, '/link', O_NOFOLLOW)).toBe('/link')
    expect(open(asked, '/link/', O_NOFOLLOW)).toBe('/etc')
    expect(open(asked, '/etc/dangling', O_WRONLY | O_CREAT)).toBe('/etc/missing')
    expect(open(asked, '/etc/dangling', O_WRONLY | O_CREAT | O_EXCL)).toBe('/etc/dangling')
  })

  test('openat2 says its flags, and may stay below its directory', () => {
    const asked = tree()
    asked.trace('chdir', '/etc')
    const how = (resolve: number) =>
      asked.data(new Uint8Array(new BigUint64Array([BigInt(own(O_WRONLY)), 0n, BigInt(resolve)]).buffer))
    const RESOLVE_IN_ROOT = 0x10
    expect(asked.leads('openat2', AT_FDCWD, '/../x', how(0), 24)).toBe('/x')
    expect(asked.leads('openat2', AT_FDCWD, '/../x', how(RESOLVE_IN_ROOT), 24)).toBe('/etc/x')
    expect(asked.ask('openat2', AT_FDCWD, '/x', how(RESOLVE_IN_ROOT), 24)[2]).toMatchObject({
      kind: 'open_how',
      value: {flags: ['O_WRONLY'], mode: 0, resolve: ['RESOLVE_IN_ROOT']},
    })
  })

  test('calls that mean the link itself', () => {
    const asked = tree()
    expect(asked.leads('unlinkat', AT_FDCWD, '/link', 0)).toBe('/link')
    expect(asked.leads('readlinkat', AT_FDCWD, '/link', 0, 0)).toBe('/link')
    expect(asked.leads('newfstatat', AT_FDCWD, '/link', 0, 0)).toBe('/etc')
    expect(asked.leads('newfstatat', AT_FDCWD, '/link', 0, 0x100)).toBe('/link')
    expect(asked.leads('symlinkat', '/anything', AT_FDCWD, '/link/x')).toBe('/etc/x')
    expect(asked.ask('symlinkat', '/etc', AT_FDCWD, '/x')[0]).toMatchObject({resolved: undefined})
  })
})
