// A sentry's own cgroup, on a host with cgroup v2: its limits, who cannot have one and why, and that it is removed.

import {beforeAll, expect, test} from 'vitest'
import {describeBed, type Inside} from '../bed/matrix.ts'

const TREE = '/sys/fs/cgroup'
const GUEST = '.cache/guests/arm64/hello'
const RUN = ['hv', 'run', '--platform', 'ptrace', '--stats=json', GUEST]
const PRINT = `
  const {readdirSync, readFileSync} = require('node:fs')
  const own = () => readdirSync('${TREE}').filter((name) => name.startsWith('hv-'))
  const read = (file) => readFileSync('${TREE}/' + own()[0] + '/' + file, 'latin1').trim()
  const {Sandbox} = require('/hv/dist/index.js')
  const main = async () => {
    const options = {platform: 'ptrace', memoryBytes: 2 ** 26, maxTasks: 50, cpus: 2, cpuQuotaPercent: 150}
    const sandbox = await Sandbox.create(options)
    const layer = sandbox.jail.find(({name}) => name === 'cgroup-limits')
    const {exitCode} = await sandbox.run('${GUEST}')
    const limits = ['memory.max', 'pids.max', 'cpu.max'].map(read)
    const hasStub = read('cgroup.procs').split('\\n').length > 1
    await sandbox.dispose()
    for (let i = 0; i < 50 && own().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 100))
    console.log(JSON.stringify({status: layer.status, exitCode, limits, hasStub, left: own()}))
  }
  main()`
/** Only Node offers setuid(2) in the bed. */
const AS_NOBODY = [
  'process.setgroups([]), process.setgid(65534), process.setuid(65534), process.env.HOME = "/tmp"',
  `process.argv = ["node", ...${JSON.stringify(RUN)}]`,
  'require("/hv/dist/bin/hv.cjs")',
].join('; ')

describeBed('el1', (inside) => {
  beforeAll(async () => {
    const made = await inside([
      'sh',
      '-c',
      `mount -t cgroup2 none ${TREE} && mkdir -p ${TREE}/a ${TREE}/b ${TREE}/c ${TREE}/d/owner && \
        echo +cpu +memory +pids > ${TREE}/cgroup.subtree_control`,
    ])
    expect(made).toMatchObject({status: 0, stderr: ''})
  })

  test('a sandbox has the limits that it was given, and room for hv', async () => {
    const {stdout, stderr} = await inside(['node', '-e', PRINT])
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      ...{status: 'on', exitCode: 0, hasStub: true, left: []},
      limits: [`${2 ** 26 + 2 ** 30}`, `${50 * 2 + 64}`, '150000 100000'],
    })
  })

  test('hv run has one when it is alone in a cgroup that is delegated to its user', async () => {
    await inside(['chown', '-R', '65534', `${TREE}/a`])
    expect(await layerOf(inside, 'a', ['exec', 'node', '-e', AS_NOBODY])).toEqual({
      name: 'cgroup-limits',
      status: 'on',
    })
  })

  test('who is told where goes there from beside it, though others are where it was', async () => {
    await inside(['chown', '-R', '65534', `${TREE}/d`])
    const command = ['node', '-e', AS_NOBODY.replace('"run"', `"run", "--cgroup-parent", "${TREE}/d"`)]
    expect(await layerOf(inside, 'd/owner', command)).toEqual({name: 'cgroup-limits', status: 'on'})
  })

  test.each([
    ['others are in its cgroup', 'b', ['node', 'dist/bin/hv.cjs', ...RUN.slice(1)], 'EBUSY'],
    ['its cgroup is another’s', 'c', ['exec', 'node', '-e', AS_NOBODY], 'EACCES'],
  ])('hv run has none where %s, says so, and runs', async (_, cgroup, command, errno) => {
    expect(await layerOf(inside, cgroup, command)).toEqual({name: 'cgroup-limits', status: 'absent', errno})
  })
})

/** The layer that a command reports when a shell in that cgroup runs it. */
async function layerOf(inside: Inside, cgroup: string, command: readonly string[]): Promise<unknown> {
  const line = command
    .map((word) => `'${word}'`)
    .join(' ')
    .replace("'exec'", 'exec')
  const {status, stderr} = await inside([
    'sh',
    '-c',
    `echo 0 > ${TREE}/${cgroup}/cgroup.procs; ${line}; exit $?`,
  ])
  expect(status).toBe(0)
  return JSON.parse(stderr).jail.find(({name}: {name: string}) => name === 'cgroup-limits')
}
