// /proc/PID/mounts and mountinfo: the mount tree as a task with a given root sees it (man 5 proc_pid_mountinfo).

import {majorOf, minorOf} from '../../abi/file-mode.ts'
import type {ByteString} from '../file.ts'
import type {Location, Mount} from '../location.ts'
import {allMounts, pathOf} from '../mount-tree.ts'

export function mountsText(tree: Mount, root: Location): ByteString {
  let lines = ''
  for (const {mount, path} of visibleMounts(tree, root)) {
    lines += `${escapeBlanks(mount.source)} ${escapeBlanks(path)} ${mount.fs.type} `
    lines += `${options(mount)}${ownOptions(mount)} 0 0\n`
  }
  return lines
}

export function mountinfoText(tree: Mount, root: Location): ByteString {
  let lines = ''
  for (const {mount, path} of visibleMounts(tree, root)) {
    const {id, at} = mount
    const parent = at === undefined ? 0 : at.mount.id
    const {dev} = mount.fs
    lines += `${id} ${parent} ${majorOf(dev)}:${minorOf(dev)} / ${escapeBlanks(path)} ${options(mount)} - `
    lines += `${mount.fs.type} ${escapeBlanks(mount.source)} ${access(mount)}${ownOptions(mount)}\n`
  }
  return lines
}

function* visibleMounts(tree: Mount, root: Location): Iterable<{mount: Mount; path: ByteString}> {
  for (const mount of allMounts(tree)) {
    const {path, unreachable} = pathOf(mount.top, root)
    if (!unreachable) yield {mount, path}
  }
}

function access(mount: Mount): string {
  return mount.readOnly || mount.fs.readOnly ? 'ro' : 'rw'
}

function options(mount: Mount): string {
  return `${access(mount)},relatime`
}

function ownOptions({fs}: Mount): string {
  return fs.options === undefined ? '' : `,${fs.options}`
}

/** Blanks and backslashes in octal, since blanks separate the columns. */
function escapeBlanks(text: ByteString): ByteString {
  return text.replace(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
