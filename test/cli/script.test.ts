// The first program may be a script: which program runs it, with which arguments, as on the host's Linux.

import {spawnSync} from 'node:child_process'
import {chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {getPriority, tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {BUSYBOX} from '../sandbox/guests.ts'
import {hv} from './hv.ts'

const root = mkdtempSync(join(tmpdir(), 'hv-script-'))
afterAll(() => rmSync(root, {recursive: true}))

/** Makes a script in the guest's tree, and a copy at the same path natively. */
function script(name: string, text: string): string {
  const path = join(root, root, name)
  mkdirSync(dirname(path), {recursive: true})
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  const native = join(root, name)
  writeFileSync(native, text)
  chmodSync(native, 0o755)
  return native
}

mkdirSync(join(root, dirname(BUSYBOX)), {recursive: true})
copyFileSync(BUSYBOX, join(root, BUSYBOX))
const ECHO = `#!${BUSYBOX} echo  one argument \n`

describe.each(['kvm', 'ptrace'].filter((name) => name !== 'kvm' || existsSync('/dev/kvm')))(
  'on %s',
  (platform) => {
    const run = (...args: string[]) => hv(['run', '--platform', platform, '--root', root, ...args])

    test('an interpreter gets its argument, the script and the script’s arguments', () => {
      const path = script('first', `#!${BUSYBOX} sh\necho "$0" "$@"\n`)
      const native = spawnSync(path, ['a', 'b c'], {encoding: 'utf8'})
      expect(run(path, 'a', 'b c')).toMatchObject({status: 0, stdout: native.stdout, stderr: ''})
    })

    test('scripts run scripts, five deep and no deeper', () => {
      let path = script('deep-1', ECHO)
      for (let depth = 2; depth <= 6; depth++) {
        path = script(`deep-${depth}`, `#!${path} x${depth}\n`)
        const native = spawnSync(path, ['end'], {encoding: 'utf8'})
        const ran = run(path, 'end')
        if (native.error) expect(ran).toMatchObject({status: 126, stdout: ''})
        else expect(ran.stdout).toBe(native.stdout)
        expect(native.error === undefined).toBe(depth <= 5)
      }
    })

    test('a missing interpreter is named', () => {
      const ran = run(script('missing', '#!/no/where -x\n'))
      expect(ran.status).toBe(126)
      expect(ran.stderr).toMatch(/^hv: \S+missing needs the interpreter \/no\/where, which[^\n]+: [^\n]+\n$/)
    })

    test('without --root the host’s interpreter is not there, and --root is the way', () => {
      const ran = hv(['run', '--platform', platform, script('host', ECHO)])
      expect(ran.status).toBe(126)
      expect(ran.stderr).toMatch(/^hv: \S+host needs the interpreter \/bin\/busybox, which [^\n]+ --root\n$/)
    })

    test('argv[0] is a path that the guest can open', () => {
      const direct = hv(['run', '--platform', platform, BUSYBOX, 'head', '-c', '12', '/proc/self/cmdline'])
      expect(direct.stdout).toBe('/bin/busybox')
      expect(hv(['run', '--platform', platform, BUSYBOX, 'readlink', '/proc/self/exe']).stdout).toBe(
        '/bin/busybox\n',
      )
    })

    test('the umask is the caller’s', () => {
      const under = ['sh', '-c', 'umask 027; exec "$@"', 'sh']
      expect(hv(['run', '--platform', platform, BUSYBOX, 'sh', '-c', 'umask'], {}, under).stdout).toBe(
        '0027\n',
      )
    })

    test('the nice value is the caller’s', () => {
      const under = ['nice', '-n', '7']
      const tell = [BUSYBOX, 'awk', '{print $19}', '/proc/self/stat']
      const natively = spawnSync(under[0], [...under.slice(1), ...tell], {encoding: 'utf8'})
      expect(natively.stdout).toBe(`${Math.min(getPriority() + 7, 19)}\n`)
      expect(hv(['run', '--platform', platform, ...tell], {}, under).stdout).toBe(natively.stdout)
    })
  },
)
