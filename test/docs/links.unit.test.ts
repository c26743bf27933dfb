import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

const pages = [
  ...readdirSync(projectPath('.')).filter((file) => file.endsWith('.md')),
  ...readdirSync(projectPath('docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];
const textOf = (page: string) => readFileSync(projectPath(page), 'utf8');
const withoutCode = (text: string) => text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');

/** The links of a page to files of the project, as paths from its root, with their fragments. */
function linksOf(page: string): { path: string; fragment: string }[] {
  const text = withoutCode(textOf(page));
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/^\[[^\]]+\]: (\S+)/gm)];
  return targets.flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = '', fragment = ''] = target.split('#');
    return { path: file === '' ? page : normalize(join(dirname(page), file)).replace(/\/$/, ''), fragment };
  });
}

/** The fragments of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  return [
    ...textOf(page)
      .replace(/```[\s\S]*?```/g, '')
      .matchAll(/^#+ (.*)$/gm),
  ].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The page that a link leads to: a folder leads to its README. */
function pageAt(path: string): string {
  return statSync(projectPath(path), { throwIfNoEntry: false })?.isDirectory() ? join(path, 'README.md') : path;
}

describe('the documents', () => {
  it('link only to files and headings that exist', () => {
    const broken: string[] = [];
    for (const page of pages) {
      for (const { path, fragment } of linksOf(page)) {
        if (!existsSync(projectPath(path))) broken.push(`${page}: ${path}`);
        else if (fragment !== '' && path.endsWith('.md') && !anchorsOf(path).includes(fragment))
          broken.push(`${page}: ${path}#${fragment}`);
      }
    }
    expect(broken).to.deep.equal([]);
  });

  it('can all be reached from the README', () => {
    const reached = new Set(['README.md']);
    // A set yields the entries that are added while it is read.
    for (const page of reached) {
      for (const { path } of linksOf(page)) if (pages.includes(pageAt(path))) reached.add(pageAt(path));
    }
    expect(pages.filter((page) => !reached.has(page))).to.deep.equal([]);
  });
});
