// A program by a kernel of its own, in a bed: the sentry has it first, and the machine is to do the same.

import {expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import type {Inside, Outcome} from './matrix.ts'

const TIMEOUT_MS = stepMs('bedKernel')
const TREE = '/tmp/tree'
const VOLUME = '/tmp/volume'

const PREPARE = `
rm -rf ${TREE} ${VOLUME}
mkdir -p ${TREE}/bin ${VOLUME}
cp /bin/busybox ${TREE}/bin/
for applet in sh cat id stat touch; do ln -s busybox ${TREE}/bin/$applet; done
echo from the host > ${VOLUME}/greeting
`

/** What a program finds, and what it leaves. */
const PROGRAM = `
read line; echo read "$line"
pwd; id; umask; echo $NAME; echo "$@"
cat greeting; echo from the program > answer
touch /new; stat -c "%A %u %g %s" /new
test -c /dev/null && test -d /proc/self/fd && test -w /dev/shm && echo mounted
echo wrong >&2
exit 7
`

export function testKernelProgram(architecture: string, inside: Inside): void {
  const kept = `/hv/.cache/machine/${architecture}`
  const kernel = ['--kernel', `${kept}/vmlinuz`, '--modules', `${kept}/library`, '--memory', '256M']
  const hv = ['node', 'dist/bin/hv.cjs', 'run']
  const run = (by: readonly string[], ...words: string[]): Promise<Outcome> =>
    inside(['sh', '-c', 'echo words | "$@"', 'sh', ...hv, ...by, ...words], {timeoutMs: TIMEOUT_MS})

  test('a program runs by a kernel of its own as under the sentry', async () => {
    expect(await inside(['sh', '-c', PREPARE])).toEqual({status: 0, stdout: '', stderr: ''})
    const flags = [
      '--root',
      TREE,
      '--volume',
      `${VOLUME}:/volume:rw`,
      '--cwd',
      '/volume',
      '--env',
      'NAME=value',
    ]
    const program = ['sh', '-c', PROGRAM, 'sh', 'an argument', 'another']
    const sentry = await run([], ...flags, ...program)
    expect(sentry).toMatchObject({status: 7, stderr: 'wrong\n'})
    expect(await run(kernel, ...flags, ...program)).toEqual(sentry)
    expect((await inside(['cat', `${VOLUME}/answer`])).stdout).toBe('from the program\n')
  })

  test('a dynamic program runs by a kernel of its own, with its libraries', async () => {
    const program = `/hv/.cache/guests/${architecture}/xpledge-dynamic`
    expect(await run(kernel, '--with-libs', program)).toEqual({status: 0, stdout: '', stderr: ''})
  })
}
