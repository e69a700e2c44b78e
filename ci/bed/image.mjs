// The beds' file systems: a system (node, Debian's libraries, busybox), npm packages, and the project as it is now.

import {existsSync, lstatSync, readdirSync, readFileSync} from 'node:fs'
import {debianTree} from '../debian.mjs'
import {arch, root} from '../paths.mjs'
import {modulesOf, nodeOf} from './npm.mjs'
import {keyOf, keyOfFiles, squashed} from './squash.mjs'

const LIBRARIES = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1']
const NODE_MAJOR = 22
/** For `programs` of test/programs/list.ts: the packages that the core list runs, and their libraries. */
const PROGRAMS = [
  'bash dash busybox-static coreutils diffutils findutils grep sed tar gzip xz-utils git perl-base',
  'python3-minimal python3.13-minimal libpython3.13-minimal libpython3.13-stdlib',
  'libc-bin libc6 libgcc-s1 libacl1 libattr1 libbz2-1.0 libcap2 libcrypt1 libexpat1 libffi8 libgmp10 liblzma5',
  'libpcre2-8-0 libselinux1 libssl3t64 libsystemd0 libtinfo6 libuuid1 libzstd1 zlib1g',
  'stress-ng libapparmor1 libbsd0 libmd0 libjpeg62-turbo libjudydebian1 libkmod2 libegl1 libgles2 libglvnd0 libmpfr6',
  'libgbm1 libdrm2 libsctp1 libxxhash0 libstdc++6',
].flatMap((line) => line.split(' '))
const FOLDERS = ['dev', 'proc', 'sys', 'tmp', 'run', 'root', 'etc', 'var', 'mnt']
/** What stress-ng also needs on this architecture. */
const PROGRAMS_OF = {x86_64: ['libipsec-mb2'], arm64: []}
/** What base-files would provide. Everything is in /usr. */
const BASE = [
  ...FOLDERS.map((name) => `${name} d 755 0 0`),
  ...['bin', 'sbin', 'lib'].map((name) => `${name} s 777 0 0 usr/${name}`),
  'etc/passwd f 644 0 0 echo root:x:0:0:root:/root:/bin/sh',
  'etc/group f 644 0 0 echo root:x:0:',
  'etc/hosts f 644 0 0 echo 127.0.0.1 localhost',
  'etc/hostname f 644 0 0 echo bed',
]
/** Where the other images and busybox's applets go. */
const MOUNT_POINTS = ['hv', 'bed', 'debian'].map((name) => `${name} d 755 0 0`)
const PROJECT = [
  'package.json',
  'oclif.manifest.json',
  'dist',
  'src',
  'test',
  'boards',
  'ci',
  'guests/real',
  'docs/reference',
  'docs/machine.md',
  'docs/course.md',
]
/** A bed has no compiler: `npm run bench -- --bed NAME` builds them before it boots one. */
export const benchPrograms = [
  ...['kvm-floor', 'null-trap', 'ptrace-floor'],
  ...['core-to-core', 'io', 'operation', 'processes', 'true'],
]
/** Made by ci/bundle-script.mjs. */
const BUNDLES = ['.cache/javascript-floor.mjs', '.cache/paper-vm.mjs']
const NPM_ROOTS = [
  ...['@oclif/core', '@oclif/plugin-autocomplete', 'elfy', 'node-gyp-build', 'valibot'],
  ...['vitest', 'vite'],
]

/** @returns {string} a squashfs with node, its libraries, and busybox; made once */
export function systemImage(architecture) {
  const pseudo = [...baseOf(architecture), ...MOUNT_POINTS]
  return squashed(`system-${architecture}`, keyOf(pseudo, LIBRARIES, NODE_MAJOR), () => ({
    from: debianTree(architecture, [...LIBRARIES, 'busybox-static']),
    pseudo: [...pseudo, `usr/bin/node f 755 0 0 cat ${nodeOf(architecture, NODE_MAJOR)}`],
    options: ['-e', 'usr/share'],
  }))
}

/** @returns {string} a squashfs with a tree of Debian's programs, for /debian; made once */
export function debianImage(architecture) {
  const pseudo = baseOf(architecture)
  const packages = [...PROGRAMS, ...PROGRAMS_OF[architecture]]
  return squashed(`debian-${architecture}`, keyOf(pseudo, packages), () => ({
    from: debianTree(architecture, packages),
    pseudo,
    options: ['-e', ...['doc', 'info', 'locale', 'man'].map((name) => `usr/share/${name}`)],
  }))
}

/** QEMU, the server of its shares, and their libraries. */
const QEMU = {
  x86_64: ['qemu-system-x86', 'seabios'],
  arm64: ['qemu-system-arm'],
  both: [
    'qemu-system-data busybox-static libaio1t64 libatomic1 libblkid1 libbpf1 libc6 libcap2 libcapstone5 libdaxctl1 libelf1t64 libfdt1',
    'libffi8 libfuse3-4 libgcc-s1 libglib2.0-0t64 libgmp10 libgnutls30t64 libhogweed6t64 libibverbs1 libidn2-0 libjpeg62-turbo libkmod2',
    'libmount1 libndctl6 libnettle8t64 libnl-3-200 libnl-route-3-200 libnuma1 libp11-kit0 libpcre2-8-0 libpixman-1-0 libpmem1',
    'libpng16-16t64 librdmacm1t64 libsasl2-2 libseccomp2 libselinux1 libslirp0 libssl3t64 libtasn1-6 libudev1 libunistring5 liburing2',
    'libcap-ng0 libuuid1 libvdeplug2t64 libzstd1 virtiofsd zlib1g',
  ].flatMap((line) => line.split(' ')),
}

/** @returns {string} a squashfs with a tree of QEMU, for /debian; made once */
export function qemuImage(architecture) {
  const pseudo = baseOf(architecture)
  const packages = [...QEMU[architecture], ...QEMU.both]
  return squashed(`qemu-${architecture}`, keyOf(pseudo, packages), () => ({
    from: debianTree(architecture, packages),
    pseudo,
    options: ['-e', ...['doc', 'info', 'locale', 'man'].map((name) => `usr/share/${name}`)],
  }))
}

function baseOf(architecture) {
  return architecture === 'x86_64' ? [...BASE, 'lib64 s 777 0 0 usr/lib64'] : BASE
}

/** @returns {string} a squashfs with what hv and vitest depend on, for /hv/node_modules */
export function packagesImage(architecture) {
  const from = modulesOf(architecture)
  const list = unique(npmClosure(from, NPM_ROOTS).flatMap((name) => filesUnder(from, name)))
  return squashed(`packages-${architecture}`, keyOfFiles(from, list, {byTime: true}), () => ({from, list}))
}

/** @returns {string} a squashfs with what hv needs at run time, its tests and the guests, laid out as in the repository */
export function projectImage(architecture) {
  const bench = benchPrograms.map((name) => `.cache/bench/${architecture}/${name}`)
  const kept = ['guests', 'machine'].map((name) => `.cache/${name}/${architecture}`)
  const wanted = [...PROJECT, addonOf(architecture), ...kept, ...bench, ...BUNDLES]
  const list = unique(wanted.flatMap((path) => filesUnder(root, path)))
  const key = keyOfFiles(root, list, {byTime: false})
  const pseudo = ['node_modules d 755 0 0', '.cache d 755 0 0']
  return squashed(`project-${architecture}`, key, () => ({from: root, list, pseudo}))
}

/** Where node-gyp-build finds the addon: as built here, or as ci/cross.mjs builds it for the other architecture. */
function addonOf(architecture) {
  if (architecture === arch) return 'native/build/Release/hv.node'
  const folder = `native/prebuilds/linux-${architecture === 'x86_64' ? 'x64' : architecture}`
  // hv and an out-of-date addon may wait for each other for ever.
  const built = newest(filesUnder(root, folder).filter((path) => path.endsWith('.node')))
  const sources = newest(
    filesUnder(root, 'native').filter((path) => /^native\/(?!build\/).*\.(cc|h|S|gyp|sh)$/.test(path)),
  )
  if (built < sources) console.error(`bed: ${folder} is missing or old: node ci/cross.mjs ${architecture}`)
  return folder
}

function newest(paths) {
  return Math.max(0, ...paths.map((path) => lstatSync(`${root}/${path}`).mtimeMs))
}

/** A path below a folder and all below it, folders first, as mksquashfs wants it; empty when the path does not exist. */
function filesUnder(from, path) {
  if (!existsSync(`${from}/${path}`)) return []
  const parts = path.split('/')
  const parents = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
  const below = lstatSync(`${from}/${path}`).isDirectory()
    ? readdirSync(`${from}/${path}`, {recursive: true})
    : []
  return [...parents, path, ...below.map((name) => `${path}/${name}`)]
}

/** The names of npm packages in a node_modules folder and of all their dependencies. */
function npmClosure(from, names, found = new Set()) {
  for (const name of names) {
    const manifest = `${from}/${name}/package.json`
    if (found.has(name) || !existsSync(manifest)) continue
    found.add(name)
    const {dependencies, optionalDependencies} = JSON.parse(readFileSync(manifest, 'utf8'))
    npmClosure(from, Object.keys({...dependencies, ...optionalDependencies}), found)
  }
  return [...found]
}

function unique(paths) {
  return [...new Set(paths)].sort()
}
