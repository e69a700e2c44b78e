// The initramfs of a bed: busybox, the kernel modules and init.sh.

import {execFileSync} from 'node:child_process'
import {chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync} from 'node:fs'
import {basename} from 'node:path'
import {debianTree} from '../debian.mjs'
import {cache} from '../paths.mjs'

/**
 * @param {string} init the first process, a script beside this file
 * @returns {string} the archive's path, below the folder `work`
 */
export function makeInitramfs(work, architecture, modules, init = 'init.sh') {
  const tree = `${work}/initramfs`
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'new', 'modules']) {
    mkdirSync(`${tree}/${folder}`, {recursive: true})
  }
  copyFileSync(busyboxOf(architecture), `${tree}/bin/busybox`)
  symlinkSync('busybox', `${tree}/bin/sh`)
  copyFileSync(new URL(init, import.meta.url), `${tree}/init`)
  chmodSync(`${tree}/init`, 0o755)
  for (const path of modules) copyFileSync(path, `${tree}/modules/${basename(path)}`)
  writeFileSync(`${tree}/modules/order`, modules.map((path) => `${basename(path)}\n`).join(''))
  execFileSync('sh', ['-c', 'find . | cpio -o -H newc --quiet >../initramfs.cpio'], {cwd: tree})
  return `${work}/initramfs.cpio`
}

function busyboxOf(architecture) {
  const target = `${cache}/bed/busybox-${architecture}`
  if (!existsSync(target)) {
    copyFileSync(
      `${debianTree(architecture, ['busybox-static'])}/usr/bin/busybox`,
      `${target}.${process.pid}`,
    )
    renameSync(`${target}.${process.pid}`, target)
  }
  return target
}
