// Finds names that are similar to a mistyped one.

const MAX_NAME = 64
const MAX_FOUND = 3

/** The nearest first: names that differ in few letters, or that contain what was typed. */
export function nearest(typed: string, names: readonly string[]): string[] {
  const word = typed.toLowerCase().slice(0, MAX_NAME)
  const limit = Math.max(1, Math.floor(word.length / 3))
  return names
    .map((name) => ({name, distance: distanceOf(word, name)}))
    .filter((each) => each.distance <= limit)
    .sort((one, two) => one.distance - two.distance)
    .slice(0, MAX_FOUND)
    .map(({name}) => name)
}

function distanceOf(word: string, name: string): number {
  const letters = editDistance(word, name)
  return word.length > 1 && name.includes(word) ? Math.min(letters, 1) : letters
}

/** @returns ` (did you mean WORD?)`, or nothing */
export function didYouMean(given: string, known: readonly string[]): string {
  // Two swapped letters are two changes.
  const allowed = given.length < 3 ? 1 : Math.max(2, Math.floor(given.length / 3))
  const ranked = known
    .map((word) => ({word, distance: editDistance(given, word)}))
    .filter(({distance}) => distance > 0 && distance <= allowed)
    .sort((a, b) => a.distance - b.distance)
  return ranked.length === 0 ? '' : ` (did you mean ${ranked[0].word}?)`
}

/** Levenshtein's distance: letters to insert, remove or replace. */
function editDistance(one: string, two: string): number {
  let row = Array.from({length: two.length + 1}, (_, i) => i)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= two.length; j++) {
      const replaced = row[j - 1] + (one[i - 1] === two[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1))
    }
    row = next
  }
  return row[two.length]
}
