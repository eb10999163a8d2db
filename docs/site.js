// What scrolls sideways on a narrow screen can be scrolled with the keyboard as well.
for (const scrolling of document.querySelectorAll("article pre, article .table-wrapper")) scrolling.tabIndex = 0;
