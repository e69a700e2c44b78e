// gdb and a machine in a bed: Debian's gdb runs here, and hv's socket is in the bed.

import {mkdtempSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {cache} from '../../ci/paths.mjs'
import {runGdb} from '../cli/gdb/gdb.ts'
import type {Forward, Inside, Outcome} from './matrix.ts'

const KERNEL_MS = stepMs('bedKernel')
const COMMAND_MS = stepMs('bedCommand')
/** How long gdb waits for an answer; its own default is two seconds. */
const ANSWER_S = COMMAND_MS / 1000

type Architecture = 'x86_64' | 'arm64'

/** What differs: names, where a function returns to, how it returns 7, and after how many breakpoints the next one is in memory. */
const WORDS = {
  x86_64: {
    gdb: 'i386:x86-64',
    pc: '$rip',
    argument: '$rdi',
    general: '$r9',
    vector: '$xmm3.v2_int64',
    home: '*(long *)$sp',
    leave: 'set $sp = $stack + 8\nset $rax = 7',
    firstStep: 2,
    branch: 'jmp',
    kernel: 'vmlinux',
    // QEMU's SVM does not intercept INT3: a breakpoint in memory would be the guest's.
    otherBreakpoints: 0,
  },
  arm64: {
    gdb: 'aarch64',
    pc: '$pc',
    argument: '$x0',
    general: '$x9',
    vector: '$v3.d.u',
    home: '$lr',
    leave: 'set $sp = $stack\nset $x0 = 7',
    firstStep: 4,
    branch: 'b',
    kernel: 'vmlinuz',
    otherBreakpoints: 6,
  },
}

/** hv in the bed, waiting for gdb. */
interface Debugged {
  /** In the bed: `input`, a pipe, and `output`. */
  readonly folder: string
  /** hv's outcome, when it has ended. */
  readonly outcome: Promise<Outcome>
  /** Runs a script. @returns gdb's output */
  gdb(script: string): Promise<string>
}

const RUN = `
set -e
mkdir $1
mkfifo $1/input
cd $1
shift
set +e
"$@" 0<> input 2> errors > output
status=$?
touch ended
cat output
cat errors >&2
exit $status
`
const UNTIL_IT_WAITS = 'until grep -qs "waiting for gdb" $1/errors || test -e $1/ended; do sleep 0.1; done'

/** gdb for the tests of one bed. */
class GdbInBed {
  readonly directory = mkdtempSync(join(tmpdir(), 'hv-gdb-'))
  readonly #inside: Inside
  readonly #forward: Forward
  #started = 0

  constructor(inside: Inside, forward: Forward) {
    this.#inside = inside
    this.#forward = forward
  }

  /** @param gdbWords gdb's arguments */
  async start(
    argv: readonly string[],
    gdbWords: readonly string[],
    timeoutMs = COMMAND_MS,
  ): Promise<Debugged> {
    const number = this.#started++
    const [folder, here] = [`/tmp/${basename(this.directory)}-${number}`, join(this.directory, `${number}`)]
    const hv = ['node', '/hv/dist/bin/hv.cjs', 'run', '--gdb', `unix:${folder}/socket`, ...argv]
    const outcome = this.#inside(['sh', '-c', RUN, 'sh', folder, ...hv], {timeoutMs})
    // Callers that await it still see the failure.
    outcome.catch(() => {})
    await this.#inside(['sh', '-c', UNTIL_IT_WAITS, 'sh', folder])
    await this.#forward(here, `${folder}/socket`)
    const first = `set remotetimeout ${ANSWER_S}\ntarget remote ${here}\n`
    return {
      folder,
      outcome,
      gdb: (script) => runGdb(this.directory, first + script, gdbWords, timeoutMs),
    }
  }
}

/** Lets gdb's program go on, and interrupts it when `condition`, a Python expression, is true. */
const interruptedWhen = (condition: string): string => `python
import os, threading, time
def later():
  time.sleep(0.3)
  while not (${condition}): time.sleep(0.1)
  gdb.post_event(lambda: gdb.execute('interrupt'))
threading.Thread(target=later, daemon=True).start()
end
continue
`

export function testGdb(architecture: Architecture, inside: Inside, forward: Forward): void {
  const bed = new GdbInBed(inside, forward)
  afterAll(() => rmSync(bed.directory, {recursive: true}))
  const words = WORDS[architecture]
  const {pc, argument, general, vector, home, leave, firstStep, branch, otherBreakpoints} = words
  const bare = (name: string, ...args: string[]): Promise<Debugged> => {
    const guest = `guests/${architecture}/bare-${name}`
    return bed.start([`/hv/.cache/${guest}`, ...args], [`${cache}/${guest}`])
  }

  test('gdb stops a bare-metal guest at breakpoints, steps and watched memory, and changes its state', async () => {
    const {gdb, outcome} = await bare('hello', 'one', 'two')
    const said = await gdb(`
info threads
print ${pc} == _start
break *main
continue
stepi
print (long)${pc} - (long)main
set var ${general} = 0x123456789abc
set var ${vector}[1] = 0x55aa
stepi
print/x ${general}
print/x ${vector}[1]
hbreak *print
continue
print ${pc} == print
x/s ${argument}
set $text = (long)${argument}
set var *(char *)$text = 'J'
set $below = (long)$sp - 16
delete
awatch *(char *)$text
watch *(long *)$below
continue
continue
delete
continue
`)
    expect(said).toMatch(/^\* 1 +Thread 1 \(CPU 0\) .*_start/m)
    expect(said.match(/^\$\d+ = .*$/gm), said).toEqual(
      ['1', `${firstStep}`, '0x123456789abc', '0x55aa', '1'].map(
        (value, index) => `$${index + 1} = ${value}`,
      ),
    )
    expect(said).toMatch(/Breakpoint 1, .*main[\s\S]*Breakpoint 2, .*print[\s\S]*"Hello from bare metal\\n"/)
    expect(said).toMatch(/^Hardware access \(read\/write\) watchpoint 3: .*\n\nValue = 74 'J'$/m)
    expect(said).toMatch(/^Hardware watchpoint 4: .*\n\nOld value = .*\nNew value = .*$/m)
    expect(said).toMatch(/exited with code 02/)
    const stdout = 'Jello from bare metal\none\ntwo\n'
    expect(await outcome).toMatchObject({status: 2, stdout})
  })

  test('^C stops a spinning one, and a detached one goes on where gdb has put it', async () => {
    const {gdb, outcome} = await bare('misbehave', 'spin')
    const others = Array.from({length: otherBreakpoints}, (_, i) => `hbreak *((long)finish + ${4 * i})\n`)
    const said = await gdb(`
${others.join('')}break *main
continue
set $stack = (long)$sp
set $home = ${home}
delete
python
lines = map(str.split, gdb.execute('disassemble main', to_string=True).split('\\n'))
to_itself = lambda line: line[2:3] == ['${branch}'] and int(line[3], 16) == int(line[0], 16)
spin = next(line[0] for line in lines if to_itself(line))
gdb.set_convenience_variable('spin', int(spin, 16))
end
hbreak *$spin
continue
delete
${interruptedWhen('True')}
print (long)${pc} == $spin
stepi
print (long)${pc} == $spin
set var ${pc} = $home
${leave}
detach
`)
    expect(said).toMatch(/Breakpoint \d, .*main[\s\S]*Breakpoint \d, .*main/)
    expect(said).toMatch(/received signal SIGINT[\s\S]*\$1 = 1[\s\S]*\$2 = 1/)
    expect(await outcome).toMatchObject({status: 7, stdout: ''})
  })
}

/** @param tries how often it may fail: a kernel under an emulated processor may panic by itself, ci/README.md */
export function testGdbOfKernel(
  architecture: Architecture,
  inside: Inside,
  forward: Forward,
  {tries = 1} = {},
): void {
  const bed = new GdbInBed(inside, forward)
  afterAll(() => rmSync(bed.directory, {recursive: true}))
  const {gdb: name, pc, kernel} = WORDS[architecture]

  test('gdb stops a kernel with two CPUs in the midst of its work, which then goes on to its end', {
    retry: tries - 1,
  }, async () => {
    const kept = `/hv/.cache/machine/${architecture}`
    const files = ['--kernel', `${kept}/${kernel}`, '--initrd', `${kept}/initramfs.cpio`]
    const append = `quiet nokaslr hv.do=${Buffer.from(WORK).toString('base64')}`
    const machine = ['--cpus', '2', '--timeout', `${KERNEL_MS / 1000}`, '--append', append]
    const {folder, gdb, outcome} = await bed.start(
      [...files, ...machine],
      ['-ex', `set architecture ${name}`],
    )
    const places = join(bed.directory, 'places')
    const looked = gdb(`
info threads
${interruptedWhen(`os.path.exists('${places}')`)}
info threads
x/i ${pc}
python
kill, banner = open('${places}').read().split()
gdb.set_convenience_variable('kill', int(kill, 16))
gdb.execute('x/s 0x' + banner)
end
hbreak *$kill
continue
print (long)${pc} == $kill
stepi
print (long)${pc} > $kill && (long)${pc} <= $kill + 15
x/gx $sp
continue
print (long)${pc} == $kill
delete
stepi
print (long)${pc} > $kill && (long)${pc} <= $kill + 15
detach
`)
    const found = await inside(['sh', '-c', UNTIL_AT_WORK, 'sh', folder], {
      timeoutMs: KERNEL_MS,
    })
    writeFileSync(`${places}.new`, found.stdout.trim())
    renameSync(`${places}.new`, places)
    const said = await looked
    await inside(['sh', '-c', 'echo stop 1<> $1/input', 'sh', folder])
    expect(said.match(/^\* 1 +Thread 1 \(CPU 0\)[^\n]*\n +2 +Thread 2 \(CPU 1\)/gm), said).toHaveLength(2)
    expect(said).toMatch(/received signal SIGINT[\s\S]*^=> 0x[\s\S]*"Linux version 6/m)
    expect(said.match(/hit Breakpoint 1/g), said).toHaveLength(2)
    expect(said.match(/^\$\d+ = .*$/gm), said).toEqual(['$1 = 1', '$2 = 1', '$3 = 1', '$4 = 1'])
    expect(said).toMatch(/^0x[0-9a-f]{16}:\t0x[0-9a-f]{16}$/m)
    const {status, stdout} = await outcome
    expect(status, stdout).toBe(0)
    expect(stdout).toMatch(/^heard stop\r?$[\s\S]*^machine: status 0\r?$/m)
  })
}

/** A program by a kernel of its own: gdb has the machine, and the program its streams and its status. @param tries see above */
export function testGdbOfProgram(
  architecture: Architecture,
  inside: Inside,
  forward: Forward,
  {tries = 1} = {},
): void {
  const bed = new GdbInBed(inside, forward)
  afterAll(() => rmSync(bed.directory, {recursive: true}))
  const {gdb: name, pc} = WORDS[architecture]

  test('gdb stops the machine of a program that waits, and lets both go on to their ends', {
    retry: tries - 1,
  }, async () => {
    const kept = `/hv/.cache/machine/${architecture}`
    const machine = ['--kernel', `${kept}/vmlinuz`, '--modules', `${kept}/library`, '--with-libs']
    const program = ['/bin/busybox', 'sh', '-c', 'echo ready; read line; echo heard $line; exit 7']
    const {folder, gdb, outcome} = await bed.start(
      ['--timeout', `${KERNEL_MS / 1000}`, ...machine, ...program],
      ['-ex', `set architecture ${name}`],
      KERNEL_MS,
    )
    const place = join(bed.directory, 'ready')
    const looked = gdb(`
info threads
${interruptedWhen(`os.path.exists('${place}')`)}
x/i ${pc}
detach
`)
    const isReady = 'until grep -qs ready $1/output || test -e $1/ended; do sleep 0.2; done'
    await inside(['sh', '-c', isReady, 'sh', folder], {timeoutMs: KERNEL_MS})
    writeFileSync(place, '')
    const said = await looked
    await inside(['sh', '-c', 'echo stop 1<> $1/input', 'sh', folder])
    expect(said).toMatch(/^\* 1 +Thread 1 \(CPU 0\)[\s\S]*received signal SIGINT[\s\S]*^=> 0x/m)
    expect(await outcome).toMatchObject({status: 7, stdout: 'ready\nheard stop\n'})
  })
}

/** Two processes make calls until a line comes. It prints the addresses of that call and of a text of the kernel's. */
const WORK = `
work() { until test -e /heard; do kill -0 1; sleep 0.1; done; }
work &
work &
echo places $(sed -n 's/ T __[ax][a-z]*64_sys_kill$//p; /_banner$/ { s/ . linux_banner$//p; t end }; b; : end; q' /proc/kallsyms) there
read line
touch /heard
wait
echo heard $line
`
const UNTIL_AT_WORK =
  'until sed -n "s/^places \\(.*\\) there.*/\\1/p" $1/output | grep . || test -e $1/ended; do sleep 0.2; done'
