/** Shows the snippet with the address under which this page was reached. */
const snippet = document.getElementById('snippet');
if (snippet) snippet.textContent = `<script src="${location.origin}/widget.js" data-group="demo" async></script>`;
