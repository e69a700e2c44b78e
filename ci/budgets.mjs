// How long things may take: three times what they take on a slow, quiet machine. A busy machine should be slow, not red.
//
// The seconds were taken on one quiet machine of two processors. Other quiet machines take up to three times that, and a
// busy one three times more. When something takes a third of its budget on a quiet machine, raise its row.

const LOAD = 3
const MACHINES = 3
const MS = 1000
/** Waiting for a disk, for npm or for Debian's mirror does not depend on the processor. */
const LEAST_STAGE_S = 300
const LEAST_TEST_S = 120

/** Stages of ci/stages.mjs. */
const STAGE_S = {
  ts: 3,
  lint: 5,
  native: 30,
  guests: 30,
  unit: 60,
  fuzz: 75,
  linux: 350,
  programs: 120,
  cli: 120,
  sandbox: 110,
  prebuild: 75,
  package: 50,
  bed: 900,
}

/** The longest test or hook of a project of ci/vitest.config.ts: test/PROJECT. */
const TEST_S = {
  unit: 4,
  fuzz: 30,
  guests: 8,
  programs: 100,
  cli: 4,
  sandbox: 13,
  package: 45,
  bed: 220,
  beds: 220,
}

/** Steps that tests start: one command, here and in a bed; a bed; all guests, here and in a bed, or a folder of unit tests there. */
const STEP_S = {
  command: 10,
  guests: 150,
  fsx: 15,
  program: 20,
  bedCommand: 30,
  bedBoot: 20,
  bedGuests: 150,
  bedProgram: 150,
  bedPrograms: 700,
  bedUnits: 200,
  bedKernel: 200,
  bedKernelBuild: 400,
  /** One machine of `npm run bench -- --io`. */
  bedDevices: 150,
}

const budget = (seconds, least = 0) => Math.max(seconds * MACHINES * LOAD, least) * MS

/** @param {string} stage @returns {number} milliseconds, as from all functions here */
export const stageMs = (stage) => budget(secondsOf(STAGE_S, stage), LEAST_STAGE_S)
export const testMs = (project) => budget(secondsOf(TEST_S, project), LEAST_TEST_S)
export const stepMs = (step) => budget(secondsOf(STEP_S, step))
export const allStagesMs = () => Object.keys(STAGE_S).reduce((sum, stage) => sum + stageMs(stage), 0)

function secondsOf(table, name) {
  if (!Object.hasOwn(table, name)) throw new Error(`ci/budgets.mjs has no ${name}`)
  return table[name]
}
