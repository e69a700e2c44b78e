// gdb and a Linux kernel in a bed: one by itself, and one of a program's own.

import {renameSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {type Architecture, GdbInBed, interruptedWhen, KERNEL_MS, WORDS} from './gdb-in-bed.ts'
import type {Forward, Inside} from './matrix.ts'

/** @param tries how often it may fail: a kernel under an emulated processor may panic by itself, ci/README.md */
export function testGdbOfKernel(
  architecture: Architecture,
  inside: Inside,
  forward: Forward,
  {tries = 1} = {},
): void {
  const bed = new GdbInBed(inside, forward)
  const {gdb: name, pc, kernel} = WORDS[architecture]
  const kept = `/hv/.cache/machine/${architecture}`

  test('gdb stops a kernel with two CPUs in the midst of its work, which then goes on to its end', {
    retry: tries - 1,
  }, async () => {
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
    expect(said.match(/^\* 1 +Thread 1 "CPU 0"[^\n]*\n +2 +Thread 2 "CPU 1"/gm), said).toHaveLength(2)
    expect(said).toMatch(/received signal SIGINT[\s\S]*^=> 0x[\s\S]*"Linux version 6/m)
    expect(said.match(/hit Breakpoint 1/g), said).toHaveLength(2)
    expect(said.match(/^\$\d+ = .*$/gm), said).toEqual(['$1 = 1', '$2 = 1', '$3 = 1', '$4 = 1'])
    expect(said).toMatch(/^0x[0-9a-f]{16}:\t0x[0-9a-f]{16}$/m)
    const {status, stdout} = await outcome
    expect(status, stdout).toBe(0)
    expect(stdout).toMatch(/^heard stop\r?$[\s\S]*^machine: status 0\r?$/m)
  })

  // gdb has the machine, and the program its streams and its status.
  test('gdb stops the machine of a program that waits, and lets both go on to their ends', {
    retry: tries - 1,
  }, async () => {
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
    expect(said).toMatch(/^\* 1 +Thread 1 "CPU 0"[\s\S]*received signal SIGINT[\s\S]*^=> 0x/m)
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
