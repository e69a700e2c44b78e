// What fuzzers of shares have in common: trees to share, with secrets beside them, and what of the host must not change.

import * as fs from 'node:fs'
import {join} from 'node:path'
import type {FileSystem} from '../../src/vfs/file-system.ts'
import {openHostFs} from '../../src/vfs/fs/host.ts'
import {Overlay} from '../../src/vfs/fs/overlay.ts'
import {memoryFile} from './memory-file.ts'

const MEMORY_BYTES = 16 << 20

export const openDescriptors = (): number => fs.readdirSync('/proc/self/fd').length

/** Of what is outside of the share: names, sizes, times. */
export function tellOf(folder: string): string {
  return fs
    .readdirSync(folder)
    .map((name) => {
      const {size, mode, mtimeMs, ctimeMs, nlink} = fs.lstatSync(join(folder, name))
      return [name, size, mode, mtimeMs, ctimeMs, nlink].join(' ')
    })
    .join('\n')
}

/** A share with secrets beside it. */
export function makeTree(path: string): {shared: string; outside: string; secret: string} {
  const [shared, outside] = [join(path, 'share'), join(path, 'outside')]
  fs.mkdirSync(join(shared, 'a/b/c'), {recursive: true})
  fs.mkdirSync(outside)
  const secret = 'a secret that lies beside the share'
  fs.writeFileSync(join(outside, 'secret'), secret)
  fs.writeFileSync(join(shared, 'd'), 'content')
  fs.symlinkSync('../outside', join(shared, 'link'))
  return {shared, outside, secret}
}

export const trees: readonly [string, (path: string) => FileSystem][] = [
  ['a directory', (path) => openHostFs(path, {readOnly: false, memory: memoryFile(MEMORY_BYTES)})],
  ['a read-only directory', (path) => openHostFs(path, {readOnly: true, memory: memoryFile(MEMORY_BYTES)})],
  [
    'an overlay',
    (path) => {
      const memory = memoryFile(MEMORY_BYTES)
      return new Overlay(openHostFs(path, {readOnly: true, memory}), memory)
    },
  ],
]
