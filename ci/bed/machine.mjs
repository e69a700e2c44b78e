// What hv boots in a bed: a Debian kernel and an initramfs of busybox, under .cache/machine/ARCH.

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {cache} from '../paths.mjs'
import {makeInitramfs} from './initramfs.mjs'
import {bedKernel} from './kernel.mjs'
import {keyOfFiles} from './squash.mjs'
import {unpackedKernel} from './unpack-kernel.mjs'

/**
 * @param {'x86_64' | 'arm64'} architecture
 * @returns {Promise<string>} the folder: `vmlinuz`, on x86_64 also `vmlinux`, `initramfs.cpio`, `library` with its modules; made once. The
 *   initramfs runs the commands in the kernel's parameter `hv.do`, in base64, and switches the machine off
 */
export async function machineFolder(architecture) {
  const {vmlinuz, modules, library} = await bedKernel(`cloud-${architecture}`)
  const sources = ['machine-init.sh', 'initramfs.mjs', 'kernel.mjs', 'unpack-kernel.mjs']
  const key = keyOfFiles(new URL('./', import.meta.url).pathname, sources, {byTime: false})
  const folder = `${cache}/machine/${architecture}`
  if (existsSync(`${folder}/${key}`)) return folder

  const work = `${folder}.${process.pid}`
  mkdirSync(work, {recursive: true})
  try {
    makeInitramfs(work, architecture, modules.hv, 'machine-init.sh')
    rmSync(`${work}/initramfs`, {recursive: true})
    copyFileSync(vmlinuz, `${work}/vmlinuz`)
    if (architecture === 'x86_64') writeFileSync(`${work}/vmlinux`, unpackedKernel(readFileSync(vmlinuz)))
    cpSync(library, `${work}/library`, {recursive: true})
    writeFileSync(`${work}/${key}`, '')
    rmSync(folder, {recursive: true, force: true})
    renameSync(work, folder)
  } finally {
    rmSync(work, {recursive: true, force: true})
  }
  return folder
}
