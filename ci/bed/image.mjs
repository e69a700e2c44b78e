// The bed's two read-only file systems: a system (node, its libraries, busybox) and the project as it is now.

import {execFileSync, spawnSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs'
import {arch, cache, root} from '../paths.mjs'

const folder = `${cache}/bed/images`
/** A bed older than the newest few is not asked for again. */
const KEPT_IMAGES = 3

const MOUNT_POINTS = ['dev', 'proc', 'sys', 'tmp', 'run', 'root', 'hv', 'etc', 'var', 'mnt']
const MORE_LIBRARIES = ['librt.so.1']
const NPM_ROOTS = ['@oclif/core', 'elfy', 'node-gyp-build', 'vitest', 'vite']

/** @returns {string} the squashfs with node, its shared libraries and busybox */
export function systemImage() {
  const node = realpathSync(process.execPath)
  const busybox = realpathSync(which('busybox'))
  const libraries = librariesOf(node)
  const files = withLinks([node, busybox, ...libraries, ...libraries.flatMap(externalBuiltins)])
  const applets = execFileSync(busybox, ['--list'], {encoding: 'utf8'}).trim().split('\n')
  const pseudo = [
    ...MOUNT_POINTS.map((name) => `${name} d 755 0 0`),
    'etc/passwd f 644 0 0 echo root:x:0:0:root:/root:/bin/sh',
    'etc/group f 644 0 0 echo root:x:0:',
    'bed d 755 0 0',
    ...applets.filter((name) => name !== 'busybox').map((name) => `bed/${name} s 777 0 0 ${busybox}`),
    `bed/node s 777 0 0 ${node}`,
  ]
  return squashed('system', '/', files, pseudo)
}

/** @returns {string} the squashfs with what hv needs at run time, its tests and the guests, laid out as in the repository */
export function projectImage() {
  const wanted = [
    'package.json',
    'oclif.manifest.json',
    'dist',
    'src',
    'test',
    'boards',
    'ci',
    'native/build/Release/hv.node',
  ]
  const guests = `.cache/guests/${arch}`
  // No compiler in there: `npm run bed -- node ci/bench/bench.mjs exit` needs them built.
  const bench = ['kvm-floor', 'null-syscall'].map((name) => `.cache/bench/${name}`)
  wanted.push(...bench.filter((path) => existsSync(`${root}/${path}`)))
  return squashed('project', root, [...wanted, guests, ...npmClosure(NPM_ROOTS)].flatMap(filesUnder), [
    '.cache d 755 0 0',
  ])
}

function squashed(name, from, files, pseudo) {
  const list = [...new Set(files)].sort()
  const target = `${folder}/${name}-${keyOf(from, list, pseudo)}.squashfs`
  if (existsSync(target)) return target

  mkdirSync(folder, {recursive: true})
  const work = `${target}.${process.pid}`
  const args = [
    '-',
    work,
    '-cpiostyle0',
    '-comp',
    'zstd',
    '-Xcompression-level',
    '1',
    '-noappend',
    '-quiet',
    '-no-progress',
  ]
  args.push('-all-root', ...pseudo.flatMap((line) => ['-p', line]))
  const {status, stderr, stdout} = spawnSync('mksquashfs', args, {
    cwd: from,
    input: list.map((path) => `${path}\0`).join(''),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`mksquashfs: status ${status}\n${stdout}${stderr}`)
  renameSync(work, target)
  forgetOldImages(name)
  return target
}

/** Content for what the project builds; name, size and time for the big and foreign: node, the libraries, npm packages. */
function keyOf(from, list, pseudo) {
  const hash = createHash('sha256').update(JSON.stringify(pseudo))
  for (const path of list) {
    const file = `${from}/${path}`
    const stat = lstatSync(file)
    hash.update(`${path}\0${stat.mode}\0${stat.size}\0`)
    if (stat.isSymbolicLink()) hash.update(readlinkSync(file))
    else if (!stat.isFile()) continue
    else if (from === '/' || path.startsWith('node_modules/')) hash.update(String(stat.mtimeMs))
    else hash.update(readFileSync(file))
  }
  return hash.digest('hex').slice(0, 16)
}

function forgetOldImages(name) {
  const images = readdirSync(folder)
    .filter((file) => file.startsWith(`${name}-`) && file.endsWith('.squashfs'))
    .map((file) => ({path: `${folder}/${file}`, time: lstatSync(`${folder}/${file}`).mtimeMs}))
    .sort((one, two) => two.time - one.time)
  for (const {path} of images.slice(KEPT_IMAGES)) rmSync(path)
}

/** A path of the repository and all below it, folders first, as mksquashfs wants it; nothing when it is not there. */
function filesUnder(path) {
  if (!existsSync(`${root}/${path}`)) return []
  const parts = path.split('/')
  const parents = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
  const below = lstatSync(`${root}/${path}`).isDirectory()
    ? readdirSync(`${root}/${path}`, {recursive: true})
    : []
  return [...parents, path, ...below.map((name) => `${path}/${name}`)]
}

/** The folders of npm packages and of all that they depend on. */
function npmClosure(names, found = new Set()) {
  for (const name of names) {
    const path = `node_modules/${name}`
    if (found.has(path) || !existsSync(`${root}/${path}/package.json`)) continue
    found.add(path)
    const {dependencies, optionalDependencies} = JSON.parse(
      readFileSync(`${root}/${path}/package.json`, 'utf8'),
    )
    npmClosure([...Object.keys(dependencies ?? {}), ...Object.keys(optionalDependencies ?? {})], found)
  }
  return [...found]
}

function which(name) {
  return execFileSync('sh', ['-c', `command -v ${name}`], {encoding: 'utf8'}).trim()
}

function librariesOf(binary) {
  const found = [...execFileSync('ldd', [binary], {encoding: 'utf8'}).matchAll(/(\/\S+) \(0x/g)].map(
    (match) => match[1],
  )
  const libc = found.find((path) => path.includes('/libc.so'))
  return [...found, ...MORE_LIBRARIES.map((name) => libc.replace(/libc\.so.*/, name)).filter(existsSync)]
}

/** Debian's libnode reads some of node's own modules from files, whose paths are in it. */
function externalBuiltins(library) {
  if (!library.includes('/libnode.')) return []
  const paths = readFileSync(library, 'latin1').match(/\/usr\/share\/nodejs\/[\w/.-]+\.js/g) ?? []
  return [...new Set(paths)].filter(existsSync)
}

/** The paths without the first slash, with every folder and symbolic link on the way to each of them. */
function withLinks(paths) {
  const all = new Set()
  const visit = (path) => {
    const parts = path.split('/').slice(1)
    let at = ''
    for (const [index, part] of parts.entries()) {
      at += `/${part}`
      all.add(at.slice(1))
      if (!lstatSync(at).isSymbolicLink()) continue
      const target = readlinkSync(at)
      const whole = target.startsWith('/') ? target : `${at.slice(0, at.lastIndexOf('/'))}/${target}`
      return visit(normalize([whole, ...parts.slice(index + 1)].join('/')))
    }
  }
  for (const path of paths) visit(path)
  return [...all]
}

function normalize(path) {
  return new URL(path, 'file:///').pathname
}
