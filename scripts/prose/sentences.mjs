// Finds sentences to look at, by their first word.

/** Marks that may precede a sentence's first word: quotes, brackets, emphasis. */
const opening = String.raw`["'“‘(\[*_${'`'}]*`;
const firstWord = new RegExp(
  String.raw`(?:^|[.!?]["'”’)\]*_${'`'}]*\s+)${opening}(?<word>Who|Whoever|Whose|What|Where)(?![\w-])`,
  'gs',
);
const sentenceEnd = /[.!?](?=["'”’)\]*_`]*(?:\s|$))/g;
const shownLength = 80;

/**
 * Sentences that begin with Who, Whoever, Whose, What or Where, and are no questions.
 * @param {{ line: number, text: string }[][]} paragraphs
 * @returns {{ line: number, sentence: string }[]} each with the line of its first word
 */
export function suspectSentences(paragraphs) {
  return paragraphs.flatMap((paragraph) => {
    const text = paragraph.map((line) => line.text).join('\n');
    return [...text.matchAll(firstWord)].flatMap((match) => {
      const start = match.index + match[0].length - match.groups.word.length;
      sentenceEnd.lastIndex = start;
      const end = sentenceEnd.exec(text);
      if (end?.[0] === '?') return [];
      const line = paragraph[text.slice(0, start).split('\n').length - 1].line;
      return [{ line, sentence: shortened(text.slice(start, end ? end.index + 1 : text.length)) }];
    });
  });
}

function shortened(sentence) {
  const words = sentence.replaceAll(/\s+/g, ' ');
  return words.length <= shownLength ? words : `${words.slice(0, shownLength).replace(/\s+\S*$/, '')} …`;
}
