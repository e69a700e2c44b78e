// The board that this host is, by its file in boards/, and whether the findings are what the file expects.

import {differences} from '../board/compare.ts'
import {detectBoard, machineIdOf, ruleOf} from '../board/detect.ts'
import {loadBoard, loadBoards} from '../board/load.ts'
import type {Board} from '../board/schema.ts'
import {HvError} from '../errors.ts'
import type {Finding, FindingStatus, HostMachine} from './finding.ts'
import type {Host, HostOptions} from './host.ts'

export interface BoardChoice {
  board: Board | undefined
  /** How it was chosen: by the caller, or by one of the file's rules. */
  because: string
  /** Set when a board file is wrong. */
  problem?: HvError
}

/** @throws HvError BAD_ARGUMENT or BOARD_INVALID for the board that `options` name */
export function boardOf(host: Host, {board, boards}: HostOptions): BoardChoice {
  if (board !== undefined) return {board: loadBoard(board, boards), because: 'asked for'}
  try {
    const match = detectBoard(host, host.arch, loadBoards(boards))
    if (!match) return {board: undefined, because: 'no rule fits'}
    return {board: match.board, because: `recognised by ${ruleOf(match.rule)}`}
  } catch (error) {
    if (!(error instanceof HvError)) throw error
    return {board: undefined, because: 'a file is wrong', problem: error}
  }
}

export function checkBoard(
  host: Host,
  machine: HostMachine,
  {board, because, problem}: BoardChoice,
): Finding[] {
  const evidence = `${because}; ${describe(host)}`
  const finding = (status: FindingStatus, detail: string, fix?: string): Finding[] => [
    {id: 'board', title: 'Board', status, detail, evidence, ...(fix !== undefined && {fix})},
  ]
  if (problem) return finding('warn', problem.message, problem.nextStep)
  if (!board) {
    const fix = 'compare it with one by `hv check --board NAME`'
    return finding('info', 'No file of boards/ fits this machine.', fix)
  }
  const file = `boards/${board.name}.json`
  const wrong = differences(board, machine)
  if (wrong.length === 0) return finding('ok', `${board.title}: all is as ${file} expects.`)
  const list = wrong.map(({field, expected, found}) => `${field} is ${found}, not ${expected}`).join('; ')
  return finding('warn', `${board.title}, but ${list} (${file}).`, board.kvm)
}

/** How the host names itself. */
function describe(host: Host): string {
  const {model, compatible, vendor, product} = machineIdOf(host)
  const parts = [
    model && `device tree: ${model}${compatible.length > 0 ? ` (${compatible.join(', ')})` : ''}`,
    (vendor || product) && `DMI: ${[vendor, product].filter(Boolean).join(' ')}`,
  ]
  return parts.filter(Boolean).join('; ') || 'neither a device tree nor DMI names'
}
