// Completion: what `hv autocomplete` writes, in a bash and in a zsh that a person types into.

import {spawnSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {hasCommand} from '../../ci/packages.mjs'
import {hv} from './hv.ts'

const TIMEOUT_MS = stepMs('command')

const home = mkdtempSync(join(tmpdir(), 'hv-completion-'))
const env = {HOME: home, ZDOTDIR: home, SHELL: '/bin/bash', XDG_CACHE_HOME: join(home, 'cache')}

beforeAll(() => {
  for (const shell of ['bash', 'zsh']) {
    const built = hv(['autocomplete', shell], env)
    expect(built).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`hv autocomplete script ${shell}`),
    })
    const {stdout: setUp} = hv(['autocomplete', 'script', shell], env)
    // Replaces hv with its words: what the shell made of the keys.
    const shown = `hv() { printf '<%s>\\n' "$*"; }`
    writeFileSync(join(home, `.${shell}rc`), [setUp, shown, 'PS1=', ''].join('\n'))
  }
  writeFileSync(join(home, 'guest.elf'), '')
})
afterAll(() => rmSync(home, {recursive: true}))

test.each([
  ['hv r\t', 'run '],
  ['hv ch\t', 'check '],
  ['hv run --pla\t', 'run --platform '],
  ['hv check --js\t', 'check --json '],
  ['hv run ./gu\t', 'run ./guest.elf '],
  ['hv run --platform k\t', 'run --platform kvm '],
  ['hv run --platform=p\t', 'run --platform=ptrace '],
  ['hv run --machine\t\t', 'run --machine '],
  ['hv run --machine b\t', 'run --machine bare '],
  ['hv run --machine bare ./gu\t', 'run --machine bare ./guest.elf '],
  ['hv run --root ./gu\t', 'run --root ./guest.elf '],
  ['hv run --trace=./gu\t', 'run --trace=./guest.elf '],
  ['hv run --volume ./gu\t', 'run --volume ./guest.elf '],
  ['hv run --volume .:/w:rw --pla\tk\t', 'run --volume .:/w:rw --platform kvm '],
  ['hv run --volume=.:/w --unveil /w:r --mach\tb\t', 'run --volume=.:/w --unveil /w:r --machine bare '],
  ['hv run --platform=\tp\t', 'run --platform=ptrace '],
  ['hv run --pledge rp\t', 'run --pledge rpath '],
  ['hv run --pledge "stdio rp\t', 'run --pledge stdio rpath '],
  ['hv run ./guest.elf --platform ./gu\t', 'run ./guest.elf --platform ./guest.elf '],
  ['hv trace -e %file --pla\tk\t', 'trace -e %file --platform kvm '],
  ['hv trace -o ./gu\t', 'trace -o ./guest.elf '],
  ['hv inspect ./guest.elf --js\t', 'inspect ./guest.elf --json '],
  ['hv check --platform p\t', 'check --platform ptrace '],
  ['hv check --board rpi5\t', 'check --board rpi5 '],
  ['hv boards s\tamp\t', 'boards show ampere-altra '],
  ['hv autocomplete b\t', 'autocomplete bash '],
])('%j and a tab is hv %j', (keys, words) => {
  expect(typed(`bash --noprofile --rcfile ${home}/.bashrc -i`, keys)).toContain(`<${words}.>`)
})

describe.skipIf(!hasCommand('zsh'))('in zsh', () => {
  test.each([
    ['hv r\t', 'run '],
    ['hv boards s\t', 'boards show '],
    ['hv run --pla\t', 'run --platform '],
    ['hv run -v . --pla\t', 'run -v . --platform '],
    ['hv check --js\t', 'check --json '],
    ['hv run ./gu\t', 'run ./guest.elf '],
    ['hv run --root ./gu\t', 'run --root ./guest.elf '],
    ['hv run --platform k\t', 'run --platform kvm '],
    ['hv run --machine b\t', 'run --machine bare '],
    ['hv run --volume .:/w:rw --pla\tk\t', 'run --volume .:/w:rw --platform kvm '],
    ['hv trace --patch-calls al\t', 'trace --patch-calls always '],
    ['hv check --platform p\t', 'check --platform ptrace '],
  ])('%j and a tab is hv %j', (keys, words) => {
    expect(typed('zsh -i', keys)).toContain(`<${words}.>`)
  })
})

/** What a shell says to these keys, and a dot that ends the words, whose last space would be lost. */
function typed(shell: string, keys: string): string {
  // script(1) is the terminal, as shells do not complete in a pipe.
  const {stdout} = spawnSync('script', ['-qec', shell, '/dev/null'], {
    cwd: home,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    input: `${keys}.\rexit\r`,
    env: {PATH: process.env.PATH, TERM: 'dumb', ...env},
  })
  return stdout
}

test('every flag of hv run that its help shows completes', () => {
  const functions = readFileSync(join(env.XDG_CACHE_HOME, 'hv/autocomplete/functions/bash/hv.bash'), 'utf8')
  const offered = /^ +'hv run -'\) words='(.*)' ;;$/m.exec(functions)?.[1].replaceAll('=', '').split(' ')
  const {stdout: help} = hv(['run', '--help'])
  const rows = help.matchAll(/^ {2}(?:(-\w), )?(--[a-z-]+)(?![a-z.-])/gm)
  const shown = [...rows].flatMap(([, letter, name]) => (letter === undefined ? [name] : [name, letter]))
  expect(offered?.toSorted()).toEqual(shown.toSorted())
})
