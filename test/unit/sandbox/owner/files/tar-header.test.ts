// Headers of an archive, as hv's own reader and other programs read them.

import {expect, test} from 'vitest'
import {parseHeader} from '../../../../../src/image/tar-header.ts'
import {padding, tarHeader} from '../../../../../src/sandbox/owner/files/tar-header.ts'

const FILE = {type: '0', name: 'a/b\xff', mode: 0o4751, uid: 1000, gid: 5, size: 700, modified: 1e9} as const

test('a header says what it was made of', () => {
  const {modified: mtime, ...rest} = FILE
  expect(parseHeader(tarHeader(FILE))).toMatchObject({...rest, mtime, linkName: ''})
  expect([0, 1, 511, 512, 700].map((size) => padding(size).length)).toEqual([0, 511, 1, 0, 324])
})

test('numbers of any size have room', () => {
  const large = {uid: 2 ** 32 - 2, gid: 2 ** 21, size: 2 ** 53 - 1, modified: 2 ** 40}
  const {modified: mtime, ...rest} = large
  expect(parseHeader(tarHeader({...FILE, ...large}))).toMatchObject({...rest, mtime})
})

test('a long name and a long link come before their entry', () => {
  const [name, linkName] = [`${'n'.repeat(200)}\xfe`, 'l'.repeat(600)]
  const bytes = tarHeader({...FILE, type: '2', name, linkName})
  expect(bytes.length).toBe((1 + 2 + 1 + 1 + 1) * 512)
  const at = (block: number) => bytes.subarray(512 * block, 512 * block + 512)
  expect(parseHeader(at(0))).toMatchObject({type: 'K', size: 601})
  expect(parseHeader(at(3))).toMatchObject({type: 'L', size: 202})
  expect(at(4).toString('latin1', 0, 201)).toBe(name)
  expect(parseHeader(at(5))).toMatchObject({type: '2', name: name.slice(0, 100)})
})
