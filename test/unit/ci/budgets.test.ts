// Each stage and each project of tests has a budget, and a workflow's job may last at least as long as all of them.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {allStagesMs, stageMs, stepMs, testMs} from '../../../ci/budgets.mjs'
import {stages} from '../../../ci/stages.mjs'
import config from '../../../ci/vitest.config.ts'

const MINUTE_MS = 60_000

test.each(stages.map(({name}) => name))('the stage %s has one', (name) => {
  expect(stageMs(name)).toBeGreaterThanOrEqual(5 * MINUTE_MS)
})

test('a project of tests has one for a test, within the budget of its stage', () => {
  const projects =
    config.test?.projects?.map((project) => (project as {test: {name: string}}).test.name) ?? []
  expect(projects.length).toBeGreaterThan(5)
  const names = projects.map((project) => project.split('-')[0]!)
  for (const name of names.filter((project) => project !== 'beds'))
    expect(testMs(name)).toBeLessThanOrEqual(stageMs(name === 'guests' ? 'linux' : name))
})

test.each(['bed', 'beds'])(
  'a test of %s outlasts what it starts, which tells then where it stands',
  (name) => {
    for (const step of ['bedCommand', 'bedGuests', 'bedUnits'])
      expect(testMs(name)).toBeGreaterThan(stepMs(step))
  },
)

test('what has no row is refused', () => {
  expect(() => stageMs('nosuch')).toThrow('budgets.mjs has no nosuch')
})

test.each(['ci.yml', 'self-hosted.yml'])('%s gives a job that runs them all the time', (name) => {
  const text = readFileSync(new URL(`../../../.github/workflows/${name}`, import.meta.url), 'utf8')
  const minutes = Number(/timeout-minutes: (\d+)/.exec(text)?.[1])
  expect(minutes * MINUTE_MS).toBeGreaterThan(allStagesMs())
})
