// src/sentry/syscalls/README.md says what the system call table says.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {FILE, syscallDocs} from '../../../../ci/syscall-docs.mjs'
import type {Row} from '../../../../src/sentry/core/syscall.ts'
import {table} from '../../../../src/sentry/syscalls/table.ts'

const row = (name: string, rest: Partial<Row> = {}): Row => ({
  name,
  run: () => 0,
  args: '',
  promises: 'stdio',
  ...rest,
})

test('the generated file is up to date: else npm run build:ts && node ci/syscall-docs.mjs', () => {
  expect(readFileSync(FILE, 'utf8')).toBe(syscallDocs(table))
})

test('a call without a word on its support is listed in full', () => {
  const full = syscallDocs([row('read', {x86_64: 0, arm64: 63})]).split('## In full')[1]
  expect(full).toContain('| read | 0 | 63 | stdio |')
})

test('what is missing stands beside a call that is answered in part', () => {
  const part = syscallDocs([row('fcntl', {x86_64: 72, support: {partial: 'no leases'}})]).split('## ')[1]
  expect(part).toContain('| fcntl | 72 | – | stdio | no leases |')
})

test('the reason stands beside a call that is refused', () => {
  const refused = syscallDocs([
    row('bpf', {arm64: 280, promises: 'a|b', support: {refused: 'EPERM: a | b'}}),
  ]).split('## ')[2]
  expect(refused).toContain('| bpf | – | 280 | a\\|b | EPERM: a \\| b |')
})
