// didYouMean: the word that somebody may have meant who wrote another.

/** @returns ` (did you mean WORD?)`, or nothing */
export function didYouMean(given: string, known: readonly string[]): string {
  // Two letters that changed places are two changes.
  const allowed = given.length < 3 ? 1 : Math.max(2, Math.floor(given.length / 3))
  const ranked = known
    .map((word) => ({word, distance: editDistance(given, word)}))
    .filter(({distance}) => distance > 0 && distance <= allowed)
    .sort((a, b) => a.distance - b.distance)
  return ranked.length === 0 ? '' : ` (did you mean ${ranked[0].word}?)`
}

/** Levenshtein's: letters put in, left out or changed. */
function editDistance(a: string, b: string): number {
  let row = Array.from({length: b.length + 1}, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j] + 1, next[j - 1] + 1))
    }
    row = next
  }
  return row[b.length]
}
