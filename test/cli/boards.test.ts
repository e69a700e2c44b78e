// hv boards, hv boards show, hv check --board, as a user starts them.

import {expect, test} from 'vitest'
import {hv} from './hv.ts'

test('the list is a table with a line for each board', () => {
  const {status, stdout} = hv(['boards'])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^NAME +CORES +VHE +GIC/)
  expect(stdout).toMatch(/^rpi4 +Cortex-A72 +no +v2 +44 +4, 64 KiB +cortex-a72 +Raspberry Pi 4/m)
  expect(stdout).toMatch(/^pvm-host +- +- +-/m)
})

test('the list as JSON is the files', () => {
  const boards = JSON.parse(hv(['boards', '--json']).stdout)
  expect(boards.map(({name}: {name: string}) => name)).toEqual(expect.arrayContaining(['rpi5', 'graviton4']))
})

test('one board is shown with all that its file says', () => {
  const {status, stdout} = hv(['boards', 'show', 'graviton2'])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^graviton2: AWS Graviton2/)
  expect(stdout).toMatch(/^ {2}cores +Neoverse-N1 \(0x41\/0xd0c\)$/m)
  expect(stdout).toMatch(/^ {2}hv check +mode vhe; guest addresses of 48 bits; GIC v3 for guests$/m)
  expect(stdout).toMatch(/^ {2}emulation +-machine virt,virtualization=on,gic-version=3 -cpu neoverse-n1/m)
  expect(JSON.parse(hv(['boards', 'show', 'graviton2', '--json']).stdout).name).toBe('graviton2')
})

test('an unknown board is one line with near names', () => {
  const {status, stdout, stderr} = hv(['boards', 'show', 'rpi'])
  expect([status, stdout]).toEqual([125, ''])
  expect(stderr).toBe('hv: no board "rpi": did you mean rpi3 or rpi4 or rpi5? `hv boards` lists them\n')
})

test('a check names the board, and compares with another when asked', () => {
  expect(JSON.parse(hv(['check', '--json']).stdout)).toHaveProperty('board')
  const {stdout} = hv(['check', '--board', 'rpi4'])
  expect(stdout).toMatch(/^warn {2}Board +Raspberry Pi 4.*, but .*expect\.modes is \S+, not nvhe/m)
  expect(hv(['check', '--board', 'nosuch']).stderr).toMatch(/^hv: no board "nosuch": .*\n$/)
})
