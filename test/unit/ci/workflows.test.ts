// .github/workflows: GitHub's own parser finds no errors, and they are thin.
//
// Thin: a step runs one command, from ci/ or npm, as nobody can try on a laptop what only a workflow does.

import {readdirSync, readFileSync} from 'node:fs'
import {convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow} from '@actions/workflow-parser'
import {expect, test} from 'vitest'

/** One of GitHub's own actions, with a named major version. */
const ACTION = /^actions\/[a-z-]+@v\d+$/
const COMMAND = /^(node ci\/|sh ci\/|\.ci\/|npm )[^\n;&|]*$/

const folder = new URL('../../../.github/workflows/', import.meta.url)
const names = readdirSync(folder)

async function parse(content: string) {
  const {context, value} = parseWorkflow({name: 'workflow.yml', content}, new NoOperationTraceWriter())
  // Only the conversion finds an error in a job, such as a `needs` that names no job.
  const jobs = value ? (await convertWorkflowTemplate(context, value)).jobs : []
  return {errors: context.errors.getErrors().map(({message}) => message), jobs}
}

test('the workflows are these', () => {
  expect(names.sort()).toEqual(['ci.yml', 'release.yml', 'self-hosted.yml'])
})

test.each(names)('%s has no error, and is thin', async (name) => {
  const {errors, jobs} = await parse(readFileSync(new URL(name, folder), 'utf8'))
  expect(errors).toEqual([])
  const steps = jobs.flatMap((job) => (job.type === 'job' ? job.steps : []))
  expect(steps.length).toBeGreaterThan(1)
  for (const step of steps) {
    if ('uses' in step) expect(step.uses.value).toMatch(ACTION)
    else expect('run' in step ? step.run.toDisplayString() : step.id).toMatch(COMMAND)
  }
})

const JOB = 'on: push\njobs:\n  one:\n    runs-on: ubuntu-24.04\n    steps: [{run: npm test}]\n'

test.each([
  ['an unknown key', `${JOB}    time-out: 5\n`, "Unexpected value 'time-out'"],
  [
    'a needed job that is not there',
    `${JOB}  two: {needs: [one, three], runs-on: x, steps: [{run: x}]}\n`,
    "'three'",
  ],
  ['an expression that does not end', `${JOB}    if: "\${{ (1 }}"\n`, 'Unexpected end of expression'],
])('%s is an error', async (_what, content, message) => {
  expect((await parse(content)).errors.join('\n')).toContain(message)
})
