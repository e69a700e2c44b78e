// Package managers install from registries that this test serves on the host's loopback, named by --allow-net: pip, npm and apt-get.

import {execFileSync, spawn} from 'node:child_process'
import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {text} from 'node:stream/consumers'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {hv} from '../../ci/paths.mjs'
import {platforms} from '../guests/run.ts'

const runsAll = process.env.HV_PROGRAMS === 'all'
const TIMEOUT_MS = stepMs('program')
const WHEEL = 'demo-1.0-py3-none-any.whl'
const METADATA = 'Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n'
const WHEEL_FILE = 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
const CONTROL =
  'Package: demo\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@example.com>\nDescription: demo\n'
const VERSION = {name: 'demo', version: '1.0.0', main: 'index.js'}

const directory = mkdtempSync(join(tmpdir(), 'hv-registries-'))
let server: Server
let host: string

/** Made by what makes such packages. */
function makePackages(): void {
  write('wheel/demo.py', 'print("from pip")\n')
  write('wheel/demo-1.0.dist-info/METADATA', METADATA)
  write('wheel/demo-1.0.dist-info/WHEEL', WHEEL_FILE)
  write('wheel/demo-1.0.dist-info/RECORD', 'demo.py,,\n')
  const names = ['demo.py', 'demo-1.0.dist-info']
  execFileSync('/usr/bin/python3', ['-m', 'zipfile', '-c', `../${WHEEL}`, ...names], {
    cwd: join(directory, 'wheel'),
  })
  write('package/package.json', JSON.stringify(VERSION))
  write('package/index.js', 'console.log("from npm")\n')
  execFileSync('tar', ['-C', directory, '-czf', join(directory, 'demo.tgz'), 'package'])
  write('deb/DEBIAN/control', CONTROL)
  write('deb/usr/share/demo/text', 'from apt\n')
  execFileSync('dpkg-deb', ['-b', join(directory, 'deb'), join(directory, 'demo.deb')])
}

function write(name: string, content: string): void {
  const path = join(directory, name)
  mkdirSync(dirname(path), {recursive: true})
  writeFileSync(path, content)
}

const read = (name: string): Buffer => readFileSync(join(directory, name))
const digest = (bytes: Buffer, algorithm: string) => createHash(algorithm).update(bytes)

/** What each registry answers for a path. */
function answers(): Record<string, () => string | Buffer> {
  const [tarball, deb] = [read('demo.tgz'), read('demo.deb')]
  const dist = {
    integrity: `sha512-${digest(tarball, 'sha512').digest('base64')}`,
    tarball: `http://${host}/demo.tgz`,
  }
  const sums = `Size: ${deb.length}\nSHA256: ${digest(deb, 'sha256').digest('hex')}\n`
  return {
    '/simple/demo/': () => `<a href="${WHEEL}">${WHEEL}</a>`,
    [`/simple/demo/${WHEEL}`]: () => read(WHEEL),
    '/demo': () =>
      JSON.stringify({
        name: 'demo',
        'dist-tags': {latest: '1.0.0'},
        versions: {'1.0.0': {...VERSION, dist}},
      }),
    '/demo.tgz': () => tarball,
    '/./Packages': () => `${CONTROL.replace('Description', `Filename: demo.deb\n${sums}Description`)}\n`,
    '/Packages': () => `${CONTROL.replace('Description', `Filename: demo.deb\n${sums}Description`)}\n`,
    '/demo.deb': () => deb,
    '/./demo.deb': () => deb,
  }
}

beforeAll(async () => {
  makePackages()
  server = createServer((request, response) => {
    const answer = known[request.url!]
    if (answer === undefined) response.writeHead(404).end()
    else response.setHeader('content-type', typeOf(request.url!)).end(answer())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  host = `host.internal:${(server.address() as AddressInfo).port}`
  const known = answers()
})
afterAll(() => {
  server?.close()
  rmSync(directory, {recursive: true})
})

function typeOf(url: string): string {
  if (url === '/demo') return 'application/json'
  return url.endsWith('/') ? 'text/html' : 'application/octet-stream'
}

/** Beside the server, which is in this process. */
async function run(platform: string, script: string) {
  const flags = ['--platform', platform, '--root', '/', `--allow-net=${host}`]
  const variables = {
    PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
    HOME: '/tmp',
    LC_ALL: 'C.UTF-8',
    PIP_CONFIG_FILE: '/dev/null',
  }
  const env = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  const command = ['/bin/sh', '-ec', script]
  const child = spawn(process.execPath, [hv, 'run', ...flags, ...env, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return {status: child.exitCode, last: stdout.trimEnd().split('\n').at(-1), stderr}
}

interface Manager {
  name: string
  needs: string
  script: () => string
  /** The last line of its output. */
  last: string
  /** Whether CI runs it, too. */
  core?: boolean
}

const PIP = 'v/bin/pip install --no-cache-dir --disable-pip-version-check --trusted-host host.internal'
const NPM = 'npm --no-audit --no-fund --no-update-notifier'
const APT = 'apt-get -q -y -o Dir::Etc::SourceList=/tmp/list -o Dir::Etc::SourceParts=/dev/null'
const managers: readonly Manager[] = [
  {
    name: 'pip installs into a venv',
    needs: '/usr/bin/python3',
    script: () => `cd /tmp; /usr/bin/python3 -m venv v; ${PIP} -i http://${host}/simple demo
      v/bin/python -c 'import demo'`,
    last: 'from pip',
  },
  {
    name: 'npm installs, and npm ci installs what it locked',
    needs: '/usr/bin/npm',
    script: () => `mkdir /tmp/n; cd /tmp/n; echo '{"dependencies":{"demo":"1.0.0"}}' > package.json
      npm="${NPM} --registry=http://${host}/"; $npm --cache /tmp/c install; rm -r node_modules
      $npm --cache /tmp/d ci; node -e 'require("demo")'`,
    last: 'from npm',
  },
  {
    name: 'apt-get updates and installs',
    needs: '/usr/bin/apt-get',
    script:
      () => `echo 'deb [trusted=yes] http://${host} ./' > /tmp/list; export DEBIAN_FRONTEND=noninteractive
      ${APT} update; ${APT} install demo; cat /usr/share/demo/text`,
    last: 'from apt',
    core: true,
  },
]

describe.each(managers.filter(({core}) => runsAll || core))('$name', ({needs, script, last}) => {
  test.for(platforms)('on %s', {timeout: TIMEOUT_MS}, async (platform, {skip}) => {
    skip(!existsSync(needs), `needs ${needs}`)
    expect(await run(platform, script())).toMatchObject({status: 0, last})
  })
})
