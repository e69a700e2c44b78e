// The beds' kernels and modules: Debian's, extracted from their packages, or built from its sources; once.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {basename, dirname} from 'node:path'
import {debianDependencies, debianTree} from '../debian.mjs'
import {cache} from '../paths.mjs'
import {run} from '../process.mjs'
import {buildKernel} from './build-kernel.mjs'

/** Each meta package depends on the current kernel. One with a `source` is built. */
export const kernels = {
  'cloud-x86_64': {architecture: 'x86_64', metaPackage: 'linux-image-cloud-amd64'},
  'cloud-arm64': {architecture: 'arm64', metaPackage: 'linux-image-cloud-arm64'},
  '16k-arm64': {architecture: 'arm64', metaPackage: 'linux-image-arm64-16k'},
  'bookworm-arm64': {architecture: 'arm64', metaPackage: 'linux-image-cloud-arm64', suite: 'bookworm'},
  'backports-arm64': {
    architecture: 'arm64',
    metaPackage: 'linux-image-cloud-arm64',
    suite: 'trixie-backports',
  },
  'sw-protected-x86_64': {
    architecture: 'x86_64',
    source: 'linux-source-6.12',
    configuration: new URL('sw-protected.config', import.meta.url).pathname,
  },
}

/** The modules that init loads unless they are built in, by emulator: depmod's list knows what each one needs. */
const MODULES = {
  qemu: ['kvm-amd', 'virtio_pci', 'virtio_blk', 'virtio_console', 'squashfs', 'tun'],
  bochs: ['ata_piix', 'sd_mod', 'squashfs', 'kvm-intel'],
  // Also in a bed with QEMU, whose machines have sockets by the bed's kernel.
  vhost: ['vhost_vsock'],
  // For a kernel that hv boots in a bed.
  hv: [
    ...['virtio_mmio', 'virtio_blk', 'virtio_console', 'virtio-rng', 'virtio_net', 'virtiofs'],
    ...['vmw_vsock_virtio_transport', 'virtio_balloon', 'squashfs', 'ext4'],
  ],
}

/**
 * @param {keyof typeof kernels} name
 * @returns {Promise<{vmlinuz: string, modules: Record<'qemu' | 'bochs' | 'vhost' | 'hv', string[]>, library: string}>} host paths; the modules in loading order,
 *   uncompressed; `library` has those for `hv` as the package has them, and depmod's list
 */
export async function bedKernel(name) {
  const folder = `${cache}/bed/kernel-${name}`
  const {source, configuration} = kernels[name]
  const wanted = source
    ? JSON.stringify([source, readFileSync(configuration, 'utf8')])
    : JSON.stringify(MODULES)
  if (!existsSync(`${folder}/wanted.json`) || readFileSync(`${folder}/wanted.json`, 'utf8') !== wanted)
    await (source ? makeKernel : takeKernel)(kernels[name], folder, wanted)
  const orders = Object.entries(JSON.parse(readFileSync(`${folder}/modules.json`, 'utf8')))
  const modules = orders.map(([by, files]) => [by, files.map((file) => `${folder}/modules/${file}`)])
  return {vmlinuz: `${folder}/vmlinuz`, modules: Object.fromEntries(modules), library: `${folder}/library`}
}

async function takeKernel({architecture, metaPackage, suite}, folder, wanted) {
  const tree = debianTree(architecture, kernelPackages(architecture, metaPackage, suite), {suite})
  // Up to bookworm modules lay in /lib.
  const base = existsSync(`${tree}/usr/lib/modules`) ? `${tree}/usr` : tree
  const [release] = readdirSync(`${base}/lib/modules`)
  const places = [`${tree}/boot/vmlinuz-${release}`, `${base}/lib/modules/${release}/vmlinuz`]

  const work = `${folder}.${process.pid}`
  mkdirSync(`${work}/modules`, {recursive: true})
  try {
    copyFileSync(places.find(existsSync) ?? places[0], `${work}/vmlinuz`)
    const kept = {tree: `${base}/lib/modules/${release}`, needs: await dependenciesOfModules(base, release)}
    const orders = {}
    for (const [by, names] of Object.entries(MODULES))
      orders[by] = await unpackModules(kept, names, `${work}/modules`)
    writeFileSync(`${work}/modules.json`, JSON.stringify(orders))
    keepLibrary(kept, MODULES.hv, `${work}/library`)
    writeFileSync(`${work}/wanted.json`, wanted)
    rmSync(folder, {recursive: true, force: true})
    renameSync(work, folder)
  } finally {
    rmSync(work, {recursive: true, force: true})
  }
  // Hundreds of MiB of drivers, and nothing else in it is needed.
  rmSync(tree, {recursive: true})
}

/** It has no modules. */
async function makeKernel({source, configuration}, folder, wanted) {
  const work = `${folder}.${process.pid}`
  try {
    await buildKernel(source, configuration, work)
    // A GiB and a half.
    rmSync(`${work}/linux`, {recursive: true})
    mkdirSync(`${work}/library`)
    const none = Object.keys(MODULES).map((by) => [by, []])
    writeFileSync(`${work}/modules.json`, JSON.stringify(Object.fromEntries(none)))
    writeFileSync(`${work}/wanted.json`, wanted)
    rmSync(folder, {recursive: true, force: true})
    renameSync(work, folder)
  } finally {
    rmSync(work, {recursive: true, force: true})
  }
}

/** The kernel's package, and those that it consists of: Debian splits it from Linux 7 on. */
function kernelPackages(architecture, metaPackage, suite) {
  const dependenciesOf = (name) => debianDependencies(architecture, name, {suite})
  const image = dependenciesOf(metaPackage).find((name) => name.startsWith('linux-image-'))
  if (!image) throw new Error(`${metaPackage} of ${suite ?? 'trixie'} depends on no kernel`)
  return [image, ...dependenciesOf(image).filter((name) => /^linux-(binary|modules)-/.test(name))]
}

/** Unpacks the modules and all they need; returns their file names so that each comes after what it needs. */
async function unpackModules({tree, needs}, names, target) {
  const order = []
  for (const name of names) {
    const path = [...needs.keys()].find((key) => moduleName(key) === name)
    // A module that is not in the list is built in.
    if (path) order.push(...needs.get(path).toReversed(), path)
  }

  const unique = [...new Set(order)]
  for (const path of unique) {
    const unpack = path.endsWith('.xz') ? 'xz -dc' : path.endsWith('.zst') ? 'zstd -dc' : 'cat'
    await must('sh', ['-c', `${unpack} ${path} >${target}/${moduleFile(path)}`], tree)
  }
  return unique.map(moduleFile)
}

/** Laid out as /lib/modules/RELEASE, with these modules and all they need. */
function keepLibrary({tree, needs}, names, target) {
  const wanted = [...needs].filter(([path]) => names.includes(moduleName(path)))
  const rows = new Map(wanted)
  for (const path of wanted.flatMap(([, needed]) => needed)) rows.set(path, needs.get(path))
  mkdirSync(target)
  for (const path of rows.keys()) {
    mkdirSync(dirname(`${target}/${path}`), {recursive: true})
    copyFileSync(`${tree}/${path}`, `${target}/${path}`)
  }
  const list = [...rows].map(([path, needed]) => `${[`${path}:`, ...needed].join(' ')}\n`).join('')
  writeFileSync(`${target}/modules.dep`, list)
}

/** Reads depmod's modules.dep (man 5 modules.dep) without writing it into the tree. */
async function dependenciesOfModules(base, release) {
  const listing = await must('depmod', ['--dry-run', '-b', base, release], base)
  const rows = listing.split('\n').flatMap((line) => {
    const [, path, needed] = /^(\S+\.ko\S*):(.*)$/.exec(line) ?? []
    return path ? [[path, needed.split(' ').filter((each) => each !== '')]] : []
  })
  return new Map(rows)
}

function moduleName(path) {
  return basename(path).split('.')[0]
}

function moduleFile(path) {
  return basename(path).replace(/\.(xz|zst)$/, '')
}

async function must(program, args, cwd) {
  const {status, output} = await run(program, args, {cwd})
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: status ${status}\n${output}`)
  return output
}
