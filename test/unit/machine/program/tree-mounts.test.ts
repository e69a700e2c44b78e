// encodeMounts: which places of the tree are mounts, and in which order.

import {expect, test} from 'vitest'
import {encodeMounts} from '../../../../src/machine/program/tree-mounts.ts'
import {errorOf} from '../../../helpers/vfs.ts'

const textOf = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString().split('\0').slice(0, -1)

test('what contains others comes first, and a read-only root last', () => {
  const volumes = [
    {guest: '/a/b/c', writable: true},
    {guest: '/a', writable: false},
    {guest: '/f', writable: true},
  ]
  const tmpfs = [{guest: '/a/b'}]
  expect(textOf(encodeMounts({volumes, tmpfs, readOnly: true}))).toEqual([
    'w/f',
    'r/a',
    'w/a/b',
    'w/a/b/c',
    'r/',
  ])
  expect(textOf(encodeMounts({volumes: []}))).toEqual([])
})

test('more than the first process takes is refused', () => {
  const volumes = Array.from({length: 64}, (_, index) => ({
    guest: `/${'x'.repeat(1020)}${index}`,
    writable: false,
  }))
  expect(errorOf(() => encodeMounts({volumes}))).toBe('BAD_ARGUMENT')
  expect(encodeMounts({volumes: volumes.slice(1)}).length).toBeLessThanOrEqual(1 << 16)
})
