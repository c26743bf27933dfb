import { render } from 'preact';
import { Console } from './app/console.js';
import './app/theme.js';

const root = document.getElementById('console');
if (root) {
  root.replaceChildren();
  render(<Console />, root);
}
