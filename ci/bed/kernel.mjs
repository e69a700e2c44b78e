// The bed's kernel and modules: Debian's cloud kernel, fetched once and unpacked, not installed.

import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {basename} from 'node:path'
import {cache} from '../paths.mjs'
import {run} from '../process.mjs'

const META_PACKAGE = 'linux-image-cloud-amd64'
const folder = `${cache}/bed/kernel`

/** What the init script loads, in any order: depmod's list knows what each one needs. */
const MODULES = ['kvm-amd', 'virtio_pci', 'virtio_blk', 'virtio_console', 'squashfs']

/** @returns {Promise<{vmlinuz: string, modules: string[]}>} host paths; the modules in loading order, uncompressed */
export async function bedKernel() {
  if (!existsSync(`${folder}/order.json`)) await fetchKernel()
  const order = JSON.parse(readFileSync(`${folder}/order.json`, 'utf8'))
  return {vmlinuz: `${folder}/vmlinuz`, modules: order.map((name) => `${folder}/modules/${name}`)}
}

async function fetchKernel() {
  const work = `${folder}.${process.pid}`
  mkdirSync(`${work}/modules`, {recursive: true})
  try {
    const name = await packageName()
    await must('apt-get', ['download', '-q', name], work)
    const deb = readdirSync(work).find((file) => file.endsWith('.deb'))
    await must('dpkg-deb', ['-x', deb, 'tree'], work)

    const boot = readdirSync(`${work}/tree/boot`).find((file) => file.startsWith('vmlinuz-'))
    renameSync(`${work}/tree/boot/${boot}`, `${work}/vmlinuz`)
    const release = boot.slice('vmlinuz-'.length)
    const order = await unpackModules(`${work}/tree/usr/lib/modules/${release}`, `${work}/modules`)
    rmSync(`${work}/tree`, {recursive: true})
    rmSync(`${work}/${deb}`)
    writeFileSync(`${work}/order.json`, JSON.stringify(order))
    rmSync(folder, {recursive: true, force: true})
    renameSync(work, folder)
  } finally {
    rmSync(work, {recursive: true, force: true})
  }
}

/** The package's name has the kernel's version in it and moves on with every security update. */
async function packageName() {
  for (const attempt of [1, 2]) {
    const {output} = await run('apt-cache', ['depends', META_PACKAGE])
    const name = /Depends: (linux-image-\S+-cloud-amd64)/.exec(output)?.[1]
    if (name) return name
    if (attempt === 1 && process.getuid() === 0) await run('apt-get', ['update', '-q'])
  }
  throw new Error(`apt knows no ${META_PACKAGE}: run apt-get update`)
}

/** Unpacks the modules and all they need; returns their file names so that each comes after what it needs. */
async function unpackModules(tree, target) {
  await must('depmod', ['-b', tree.replace(/\/usr\/lib\/modules\/.*/, '/usr'), basename(tree)], tree)
  const needs = new Map(
    readFileSync(`${tree}/modules.dep`, 'utf8')
      .split('\n')
      .filter((line) => line.includes(':'))
      .map((line) => [
        line.split(':')[0],
        line
          .split(':')[1]
          .split(' ')
          .filter((path) => path !== ''),
      ]),
  )
  const order = []
  for (const name of MODULES) {
    const path = [...needs.keys()].find((key) => basename(key).split('.')[0] === name)
    // Not in the list: it is built in.
    if (path) order.push(...needs.get(path).toReversed(), path)
  }

  const unique = [...new Set(order)]
  for (const path of unique) {
    const command = path.endsWith('.xz')
      ? `xz -dc ${path}`
      : path.endsWith('.zst')
        ? `zstd -dc ${path}`
        : `cat ${path}`
    await must('sh', ['-c', `${command} >${target}/${moduleFile(path)}`], tree)
  }
  return unique.map(moduleFile)
}

function moduleFile(path) {
  return basename(path).replace(/\.(xz|zst)$/, '')
}

async function must(program, args, cwd) {
  const {status, output} = await run(program, args, {cwd})
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: status ${status}\n${output}`)
}
