// Words that people try: -h, -v, version, and misspelt words.

import {expect, test} from 'vitest'
import {hv} from './hv.ts'

test.each([['-h'], ['run', '-h'], ['trace', '-h'], ['check', '-h']])('hv %s %s is help', (...words) => {
  const ran = hv(words)
  expect(ran).toMatchObject({status: 0, stderr: ''})
  expect(ran.stdout).toMatch(/USAGE/)
})

test.each(['-v', '-V', 'version', '--version'])('hv %s is the version', (word) => {
  expect(hv([word])).toMatchObject({status: 0, stdout: expect.stringMatching(/^hvkit\/\d/)})
})

test('a word that is nearly right is named', () => {
  expect(hv(['rnu', 'x']).stderr).toMatch(/^hv: unknown command rnu[^\n]*\(did you mean run\?\)/)
  expect(hv(['run', '--memry', '1G', 'x']).stderr).toMatch(
    /^hv: unknown flag --memry \(did you mean --memory\?\)/,
  )
  expect(hv(['run', '--memory', '512', 'x']).stderr).toMatch(/--memory 512M/)
})

test('-h behind PROGRAM is the guest’s', () => {
  expect(hv(['run', '/bin/busybox', 'echo', '-h']).stdout).toBe('-h\n')
})
