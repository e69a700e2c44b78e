// A bed's kernel that no package has: built from Debian's package of Linux's sources, with a configuration of this folder.

import {copyFileSync, mkdirSync, readFileSync} from 'node:fs'
import {availableParallelism} from 'node:os'
import {stepMs} from '../budgets.mjs'
import {withCcache} from '../ccache.mjs'
import {debianTree} from '../debian.mjs'
import {aptLine, installMissing} from '../packages.mjs'
import {run} from '../process.mjs'

/** Names from packages.json. */
const PACKAGES = ['gcc', 'make', 'bc', 'flex', 'bison', 'libelf-dev', 'xz-utils', 'zstd']

/**
 * @param {string} source a package of Linux's sources, such as linux-source-6.12
 * @param {string} configuration a file: rows for an otherwise empty configuration (Linux, Documentation/kbuild/kconfig.rst, KCONFIG_ALLCONFIG)
 * @param {string} work a folder, which gets `vmlinuz`; everything is built in, and the sources beside it are the caller's to remove
 */
export async function buildKernel(source, configuration, work) {
  const missing = await installMissing((line) => console.error(line), PACKAGES)
  if (missing.length > 0) throw new Error(`this bed needs packages: ${aptLine(missing)}`)
  const packed = `${debianTree('x86_64', [source])}/usr/src/${source}.tar.xz`
  mkdirSync(`${work}/linux`, {recursive: true})
  await must('tar', ['-xf', packed, '--strip-components=1'], `${work}/linux`)
  await must('make', [`KCONFIG_ALLCONFIG=${configuration}`, 'allnoconfig'], `${work}/linux`)
  const wanted = readFileSync(configuration, 'utf8').match(/^CONFIG_\w+=.+$/gm)
  const got = readFileSync(`${work}/linux/.config`, 'utf8').split('\n')
  // A row whose dependencies are not there is left out without a word.
  const lacking = wanted.filter((row) =>
    row.endsWith('=n') ? got.includes(row.replace('=n', '=y')) : !got.includes(row),
  )
  if (lacking.length > 0) throw new Error(`${source} does not take ${lacking.join(', ')}`)
  await must('nice', ['make', `-j${availableParallelism()}`, 'bzImage'], `${work}/linux`)
  copyFileSync(`${work}/linux/arch/x86/boot/bzImage`, `${work}/vmlinuz`)
}

async function must(program, args, cwd) {
  const {status, output} = await run(program, args, {
    cwd,
    env: withCcache(process.env),
    timeoutMs: stepMs('bedKernelBuild'),
  })
  if (status === 0) return
  const end = output.split('\n').slice(-15).join('\n')
  throw new Error(`${program} ${args.join(' ')}: status ${status}\n${end}`)
}
