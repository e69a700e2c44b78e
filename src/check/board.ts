// The board that this host is, by its file in boards/, and whether the findings are what the file expects.

import {differences} from '../board/compare.ts'
import {detectBoard, machineIdOf, ruleOf} from '../board/detect.ts'
import {loadBoard, loadBoards} from '../board/load.ts'
import type {Board} from '../board/schema.ts'
import {HvError} from '../errors.ts'
import type {Finding, HostMachine} from './finding.ts'
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
  const subject = {id: 'board', title: 'Board'}
  const evidence = `${because}; ${describe(host)}`
  if (problem) {
    return [{...subject, status: 'warn', detail: problem.message, evidence, mend: problem.nextStep}]
  }
  if (!board) {
    const detail = 'No file of boards/ fits this machine.'
    return [
      {...subject, status: 'info', detail, evidence, mend: 'compare it with one by `hv check --board NAME`'},
    ]
  }
  const file = `boards/${board.name}.json`
  const wrong = differences(board, machine)
  if (wrong.length === 0) {
    return [{...subject, status: 'ok', detail: `${board.title}: all is as ${file} expects.`, evidence}]
  }
  const list = wrong.map(({field, expected, found}) => `${field} is ${found}, not ${expected}`).join('; ')
  return [
    {...subject, status: 'warn', detail: `${board.title}, but ${list} (${file}).`, evidence, mend: board.kvm},
  ]
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
