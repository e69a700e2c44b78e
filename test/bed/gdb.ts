// gdb and a bare-metal machine in a bed.

import {expect, test} from 'vitest'
import {cache} from '../../ci/paths.mjs'
import {type Architecture, type Debugged, GdbInBed, interruptedWhen, WORDS} from './gdb-in-bed.ts'
import type {Forward, Inside} from './matrix.ts'

export function testGdb(architecture: Architecture, inside: Inside, forward: Forward): void {
  const bed = new GdbInBed(inside, forward)
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
    expect(said).toMatch(/^\* 1 +Thread 1 "CPU 0" .*_start/m)
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
