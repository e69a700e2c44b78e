// The suite of ProgramHost over a Sandbox; test/beds/program-machine.test.ts has it over a ProgramMachine.

import {rmSync} from 'node:fs'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {cases, makeTree} from '../helpers/program-host.mjs'

let tree: string
let sandbox: Sandbox

beforeAll(async () => {
  tree = makeTree('/bin/busybox')
  sandbox = await Sandbox.create({root: tree, user: '1000:1000'})
})
afterAll(async () => {
  await sandbox.dispose()
  rmSync(tree, {recursive: true})
})

test.each(Object.entries(cases))('%s', async (_name, act) => {
  await expect(act(sandbox)).resolves.toBeUndefined()
})
