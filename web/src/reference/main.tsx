import { render } from 'preact';
import '../app/theme.js';
import { Reference } from './reference.js';

const root = document.getElementById('reference');
if (root) {
  root.replaceChildren();
  render(<Reference />, root);
}
