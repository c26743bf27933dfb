export function Brand() {
  return (
    <a class="brand" href="#/">
      <img src="/web/icon.svg" alt="" width="30" height="30" />
      Order service
    </a>
  );
}
