// Reads TypeScript and JavaScript just enough to tell comments, strings and code apart. Loading the
// compiler for this would take longer than checking the whole project. A test compares the comments
// that both find.

const token =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*')|(?<word>[\w$#@.]+)|(?<space>\s+)|(?<sign>[\s\S])/y;
const regularExpression = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const templatePart = /(?:\\[\s\S]|\$(?!\{)|[^\\$`])*(?:`|\$\{)/y;
/** Words after which a slash begins a regular expression and does not divide. */
const operators = /^(return|typeof|case|in|of|do|else|delete|void|throw|new|await|yield|instanceof)$/;

/**
 * Finds comments and strings; the parts of a template are strings of their own. A part behind an
 * expression begins with "…", because it continues a sentence.
 * @param {string} text
 * @returns {import('./comments.mjs').Scanned}
 */
export function scanTypeScript(text) {
  const comments = [];
  const strings = [];
  /** For each template that is open: how many braces are open in the expression inside it. */
  const templates = [];
  let afterValue = false;
  let at = 0;

  const match = (expression) => {
    expression.lastIndex = at;
    const found = expression.exec(text);
    if (found) at = expression.lastIndex;
    return found;
  };
  const readTemplate = (prefix) => {
    const start = at;
    const part = match(templatePart)?.[0];
    if (part === undefined) return;
    const isLast = part.endsWith('`');
    strings.push({ start, text: prefix + part.slice(0, isLast ? -1 : -2) });
    if (!isLast) templates.push(0);
    afterValue = isLast;
  };

  while (at < text.length) {
    const start = at;
    if (!afterValue && text[at] === '/' && match(regularExpression)) {
      afterValue = true;
      continue;
    }
    const { comment, string, word, sign } = match(token).groups;
    if (comment !== undefined) comments.push({ start, end: at });
    else if (string !== undefined) {
      strings.push({ start, text: string.slice(1, -1) });
      afterValue = true;
    } else if (word !== undefined) afterValue = !operators.test(word);
    else if (sign === '`') readTemplate('');
    else if (sign === '}' && templates.at(-1) === 0) {
      templates.pop();
      readTemplate('…');
    } else if (sign !== undefined) {
      if (templates.length > 0 && (sign === '{' || sign === '}')) {
        templates[templates.length - 1] += sign === '{' ? 1 : -1;
      }
      // `value!` is still a value, and `!` before a value changes nothing.
      if (sign !== '!') afterValue = sign === ')' || sign === ']' || sign === '}';
    }
  }
  return { comments, strings };
}
