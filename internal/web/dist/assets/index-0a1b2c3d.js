document.querySelector("#root").textContent = location.pathname;
