// Lint: formatting and lint of TypeScript and JSON, formatting of C++, types of the sources and the tests.

import {hasCommand} from '../packages.mjs'
import {root} from '../paths.mjs'
import {run} from '../process.mjs'
import {command} from './command.mjs'

const CLANG_FORMAT = 'clang-format-19'

export async function lint(budget) {
  return [
    await command(
      'biome',
      'npx',
      ['biome', 'check', '--config-path', 'ci', '--error-on-warnings', '.'],
      budget,
    ),
    await clangFormat(['--dry-run', '--Werror'], budget),
    await command('types', 'npx', ['tsc', '-p', 'ci'], budget),
  ]
}

/** Formats, or with `--dry-run` only compares, every C++ file that git tracks or would track. */
export async function clangFormat(options, budget) {
  const name = 'clang-format'
  if (!hasCommand(CLANG_FORMAT)) return {name, status: 'skipped', detail: `needs ${CLANG_FORMAT}`}

  const listing = [
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    '--deduplicate',
    'native/*.cc',
    'native/*.h',
  ]
  const {output} = await run('git', listing, {cwd: root})
  const files = output.split('\n').filter((line) => line !== '')
  return command(name, CLANG_FORMAT, [...options, ...files], budget)
}
