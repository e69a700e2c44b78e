// hv's own code and caches in a writable volume of the library's sandboxes: what was rewritten there would run outside of the next jail.

import {spawnSync} from 'node:child_process'
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {platforms} from '../guests/run.ts'
import {Project} from '../helpers/project.ts'
import {isolations} from './guests.ts'

const project = new Project(process.geteuid?.() ?? 0)
afterAll(() => project[Symbol.dispose]())
const ways = platforms.flatMap((platform) => isolations.map((isolation) => [platform, isolation] as const))

test.each(ways)('they are read-only on %s, in a %s', (platform, isolation) => {
  const before = project.content()
  const options = {platform, isolation, volumes: [{host: project.folder, guest: '/w', writable: true}]}
  writeFileSync(
    join(project.folder, 'app.mjs'),
    `import {Sandbox} from ${JSON.stringify(join(project.package, 'dist/index.js'))}
    const sandbox = await Sandbox.create(${JSON.stringify(options)})
    const words = ${JSON.stringify(project.attempts('/w'))}
    const {exitCode, stdout, stderr} = await sandbox.run(${JSON.stringify(join(project.folder, 'change-files'))}, words)
    console.log(JSON.stringify({exitCode, stdout, stderr}))
    await sandbox.dispose()`,
  )
  const env = {PATH: process.env.PATH, HOME: project.folder}
  const {stdout, stderr} = spawnSync(process.execPath, ['app.mjs'], {
    cwd: project.folder,
    env,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({exitCode: 0, stdout: '', stderr: ''})
  expect(project.content()).toBe(before)
})
