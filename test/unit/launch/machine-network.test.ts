// The name servers that a program's machine gets from its host.

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {resolvConf} from '../../../src/launch/machine-network.ts'

const folder = mkdtempSync(join(tmpdir(), 'hv-resolv-'))
afterAll(() => rmSync(folder, {recursive: true}))

test.each([
  ['nameserver 192.168.1.1\noptions rotate\n', 'nameserver 192.168.1.1\n'],
  ['nameserver 127.0.0.53\nnameserver ::1\n', 'nameserver 10.0.0.1\n'],
  ['# nameserver 1.2.3.4\n  nameserver 2001:db8::1  \nnameserver 127.0.0.1\n', 'nameserver 2001:db8::1\n'],
  [undefined, 'nameserver 10.0.0.1\n'],
])('%j', (text, expected) => {
  const [first, second] = ['first', 'second'].map((name) => join(folder, name))
  rmSync(first, {force: true})
  if (text !== undefined) writeFileSync(first, text)
  writeFileSync(second, 'nameserver 10.0.0.1\n')
  expect(resolvConf([first, second])).toBe(expected)
})

test('without a server that a machine could reach, there is none', () => {
  expect(resolvConf([join(folder, 'absent')])).toBe(undefined)
})
